/**
 * Unpacks the tar that a guest sends, as it comes. The guest is not trusted: only regular files and directories,
 * relative names without `..`, no file twice, and no more than `limit`. It is written beside its place, readable
 * by its owner alone, and gets its name when the caller says so.
 * Authority: tar(5): ustar, and GNU's long names.
 */
import { type FileHandle, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StuckfsError } from '../../base/errors.js';
import { printable } from './console-watch.js';

/** What came is no such tar, or more than may come. */
export class TarError extends StuckfsError {
  override readonly code = 'TAR';
}

export interface TarLimit {
  readonly bytes: number;
  readonly entries: number;
}

const blockBytes = 512;
const longestNameBytes = 4096;
/** A run directory has three; each may cost an inode for each entry. */
const deepest = 32;
/** NAME_MAX */
const longestPartBytes = 255;

/** A whole archive, unpacked. One of these ends it. */
export interface Unpacked {
  /** It gets its name. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Reads up to the two blocks of zeroes that end it.
 * @param out must not exist, or be an empty directory
 * @throws {TarError} and what the disk says; then there is nothing new on it
 */
export async function unpackTar(
  source: AsyncIterable<Uint8Array>,
  out: string,
  limit: TarLimit,
): Promise<Unpacked> {
  const bytes = new Bytes(source);
  // Whoever is killed while the job goes on leaves nothing.
  await bytes.begun();
  await mkdir(dirname(out), { recursive: true });
  const part = await mkdtemp(`${out}.part-`);
  const discard = (): Promise<void> => rm(part, { recursive: true, force: true });
  try {
    await unpackInto(bytes, part, limit);
  } catch (error) {
    await discard();
    const { code, message } = error as NodeJS.ErrnoException;
    const clashes = code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR';
    throw clashes ? new TarError(`a name twice (${message})`, { cause: error }) : error;
  }
  return { keep: () => rename(part, out), discard };
}

async function unpackInto(bytes: Bytes, root: string, limit: TarLimit): Promise<void> {
  let longName: string | undefined;
  let leftBytes = limit.bytes;
  let leftEntries = limit.entries;
  for (;;) {
    const block = await bytes.take(blockBytes);
    if (isZero(block)) {
      if (!isZero(await bytes.take(blockBytes))) throw new TarError('one block of zeroes amid the archive');
      return;
    }
    const header = readHeader(block);
    if (header.type === 'L') {
      if (longName !== undefined) throw new TarError('a long name of a long name');
      if (header.size > longestNameBytes) throw new TarError(`a name of ${header.size} bytes`);
      longName = text(await bytes.take(padded(header.size)), 0, header.size);
      continue;
    }
    if (--leftEntries < 0) throw new TarError(`more than ${limit.entries} entries`);
    const parts = nameParts(longName ?? header.name);
    longName = undefined;
    if (header.type === '5') {
      await mkdir(join(root, ...parts), { recursive: true });
      continue;
    }
    if (parts.length === 0) throw new TarError('a file without a name');
    leftBytes -= header.size;
    if (leftBytes < 0) throw new TarError(`more than ${limit.bytes} bytes`);
    await mkdir(join(root, ...parts.slice(0, -1)), { recursive: true });
    const file = await open(join(root, ...parts), 'wx', 0o644);
    try {
      await copy(bytes, file, header.size);
    } finally {
      await file.close();
    }
  }
}

async function copy(bytes: Bytes, file: FileHandle, size: number): Promise<void> {
  for (let left = size; left > 0; ) {
    const piece = await bytes.some(left);
    await file.writeFile(piece);
    left -= piece.length;
  }
  await bytes.take(padded(size) - size);
}

interface Header {
  readonly name: string;
  readonly size: number;
  readonly type: string;
}

function readHeader(block: Buffer): Header {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (octal(block, 148, 8) !== sum) throw new TarError('a header with a wrong checksum');
  const type = block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0);
  const prefix = text(block, 257, 6) === 'ustar' ? text(block, 345, 155) : '';
  const name = prefix === '' ? text(block, 0, 100) : `${prefix}/${text(block, 0, 100)}`;
  if (!['0', '5', 'L'].includes(type))
    throw new TarError(`${shown(name)}: neither a regular file nor a directory (type ${type})`);
  return { name, size: type === '5' ? 0 : octal(block, 124, 12), type };
}

/** The parts of a name below the root; none for the root itself. */
function nameParts(name: string): readonly string[] {
  const refuse = (why: string): TarError => new TarError(`${shown(name)}: ${why}`);
  if (name.startsWith('/')) throw refuse('a name that is not relative');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refuse('a name with ..');
  if (parts.some((part) => Buffer.byteLength(part) > longestPartBytes)) throw refuse('too long');
  if (parts.length > deepest) throw refuse('too deep');
  if (/\p{Cc}/u.test(name)) throw refuse('a name with control characters');
  return parts;
}

/** It ends up on a terminal. JSON leaves the control characters above ASCII as they are. */
function shown(name: string): string {
  return JSON.stringify(printable(name.slice(0, 200)));
}

function octal(block: Buffer, at: number, length: number): number {
  const digits = text(block, at, length).trim();
  if (!/^[0-7]+$/.test(digits)) throw new TarError(`a number that is not octal: ${shown(digits)}`);
  return Number.parseInt(digits, 8);
}

/** Up to the first NUL. */
function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const nul = field.indexOf(0);
  return field.subarray(0, nul < 0 ? length : nul).toString('utf8');
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function padded(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}

/** Pieces of any length, taken by count. */
class Bytes {
  readonly #source: AsyncIterator<Uint8Array>;
  #open: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Once there is something to take. */
  async begun(): Promise<void> {
    while (this.#open.length === 0) {
      const { done, value } = await this.#source.next();
      if (done === true) throw new TarError('cut short');
      this.#open = Buffer.from(value);
    }
  }

  /** At least one, at most this many. */
  async some(most: number): Promise<Buffer> {
    await this.begun();
    const piece = this.#open.subarray(0, most);
    this.#open = this.#open.subarray(piece.length);
    return piece;
  }

  async take(count: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let left = count; left > 0; ) {
      const piece = await this.some(left);
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }
}
