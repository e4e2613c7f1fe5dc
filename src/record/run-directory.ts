/**
 * The directory of one run: `events.jsonl` and artifacts, written as things happen and judged afterwards from
 * these files alone.  Owns the writing and the reading, and the error for a disk that is full.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { UsageError } from '../base/errors.js';
import { writeFileInPages } from '../base/write-in-pages.js';
import type { RunEvent, RunEventBody } from './events.js';
import { type History, HistoryReader } from './history.js';

const diskErrors: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EFBIG', 'EIO']);

/** Turns what a full or read-only disk throws into one line that names the directory. */
function onDisk<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (!diskErrors.has(code)) throw error;
    throw new UsageError(
      '--out',
      directory,
      `cannot be written (${code}): name a directory on a disk with space`,
      {
        cause: error,
      },
    );
  }
}

/** Not mkdir's own recursion: it never ends where mkdir(2) says ENOENT below a directory that is there, as in /proc. */
function makeWithParents(path: string): void {
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) makeWithParents(parent);
  mkdirSync(path);
}

export class RunDirectory {
  /** A run asks after each arm. */
  private readonly reader = new HistoryReader();

  private constructor(readonly path: string) {}

  /**
   * Makes a new directory.
   * @throws {UsageError} when it exists already, or cannot be made
   */
  static create(path: string): RunDirectory {
    if (existsSync(path))
      throw new UsageError('--out', path, 'exists already: name a directory that does not');
    return onDisk(path, () => {
      try {
        makeWithParents(path);
        mkdirSync(join(path, 'pfns'));
        mkdirSync(join(path, 'stacks'));
        writeFileSync(join(path, 'events.jsonl'), '', { flag: 'wx' });
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (diskErrors.has(code)) throw error;
        throw new UsageError('--out', path, `cannot be made: ${message}`, { cause: error });
      }
      return new RunDirectory(path);
    });
  }

  /** Opens one that is there, for reading. */
  static open(path: string): RunDirectory {
    if (!existsSync(join(path, 'events.jsonl'))) {
      throw new UsageError('run directory', path, 'holds no events.jsonl: give the directory of a run');
    }
    return new RunDirectory(path);
  }

  /** Appends one event, stamped with CLOCK_MONOTONIC (the clock of the trace, too). */
  append(body: RunEventBody): void {
    const event: RunEvent = { ...body, atNs: Number(process.hrtime.bigint()) };
    onDisk(this.path, () => appendFileSync(join(this.path, 'events.jsonl'), `${JSON.stringify(event)}\n`));
  }

  /** What happened, and which lines of events.jsonl do not say it. */
  history(): History {
    return this.reader.read(readFileSync(join(this.path, 'events.jsonl'), 'utf8'));
  }

  /** As far as they can be read. */
  events(): RunEvent[] {
    return [...this.history().events];
  }

  /**
   * The path of an artifact.  Names come from events.jsonl too, which may have been edited or come from elsewhere.
   * @throws {UsageError} when the name leads out of the run directory
   */
  artifact(...name: string[]): string {
    const path = join(this.path, ...name);
    if (!path.startsWith(join(this.path, sep))) {
      throw new UsageError('events.jsonl', join(...name), 'an artifact lies in the run directory');
    }
    return path;
  }

  write(name: string, text: string | Uint8Array): void {
    const path = this.artifact(name);
    onDisk(this.path, () => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileInPages(path, typeof text === 'string' ? Buffer.from(text) : text, 'w');
    });
  }

  /** undefined where the run did not get so far. */
  read(name: string): string | undefined {
    const path = this.artifact(name);
    return isFile(path) ? readFileSync(path, 'utf8') : undefined;
  }

  /** An artifact of u64 little-endian numbers, -1 for absent. */
  readNumbers(name: string): Float64Array | undefined {
    const path = this.artifact(name);
    if (!isFile(path)) return undefined;
    const bytes = readFileSync(path);
    const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~7));
    const halves = new DataView(copy);
    const numbers = new Float64Array(copy.byteLength / 8);
    // In halves: BigInts are slow, and there are hundreds of thousands.
    for (let index = 0; index < numbers.length; index++)
      numbers[index] = halves.getInt32(index * 8 + 4, true) * 2 ** 32 + halves.getUint32(index * 8, true);
    return numbers;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
