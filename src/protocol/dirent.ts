/**
 * The payload of READDIR and READDIRPLUS: records padded to 8 bytes, as many as the kernel has room for.
 * Authority: include/uapi/linux/fuse.h (struct fuse_dirent, fuse_direntplus); fs/fuse/readdir.c (parse_dirfile
 * drops the rest of the buffer at a record that does not fit, and fails with EIO at a bad name).
 */
import type { Unique } from '../base/branded.js';
import { ProtocolError } from './errors.js';
import { type ByteName, FUSE_NAME_MAX } from './name.js';
import { OUT_HEADER_SIZE, startReply } from './reply.js';
import { ENTRY_OUT_SIZE, type EntryOut, putEntry } from './reply-entry.js';
import { putCount, putU32, putZero } from './wire.js';

/** struct fuse_dirent */
export interface Dirent {
  readonly ino: number;
  /** What a later READDIR gives as `offset` to go on behind this record; not 0. */
  readonly off: number;
  /** DT_* of readdir(3), which is the file type of `mode` shifted right by 12. */
  readonly type: number;
  readonly name: ByteName;
}

const DIRENT_HEADER_SIZE = 24;

export class DirentBuilder {
  readonly #reply: Buffer;
  #end = OUT_HEADER_SIZE;

  /** @param size `size` of the request: the most bytes of payload. */
  constructor(size: number) {
    this.#reply = Buffer.allocUnsafe(OUT_HEADER_SIZE + size);
  }

  /** For READDIR. False, and nothing changed, when the record does not fit. */
  add(dirent: Dirent): boolean {
    const at = this.#claim(DIRENT_HEADER_SIZE, dirent.name);
    if (at === undefined) return false;
    this.#putDirent(at, dirent);
    return true;
  }

  /**
   * For READDIRPLUS. False, and nothing changed, when the record does not fit.
   * @param entry undefined where the kernel should look the name up itself: always so for "." and ".."; each
   *   entry given raises its lookup count by one
   */
  addPlus(entry: EntryOut | undefined, dirent: Dirent): boolean {
    const at = this.#claim(ENTRY_OUT_SIZE + DIRENT_HEADER_SIZE, dirent.name);
    if (at === undefined) return false;
    if (entry === undefined) putZero(this.#reply, at, ENTRY_OUT_SIZE);
    else putEntry(this.#reply, at, entry);
    this.#putDirent(at + ENTRY_OUT_SIZE, dirent);
    return true;
  }

  /** The whole reply, header included. Without records it means the end of the directory. */
  finish(unique: Unique): Buffer {
    const length = startReply(this.#reply, unique, this.#end - OUT_HEADER_SIZE);
    return this.#reply.subarray(0, length);
  }

  #claim(fixed: number, name: ByteName): number | undefined {
    if (name.length === 0 || name.length > FUSE_NAME_MAX || name.includes('/')) {
      throw new ProtocolError('UNENCODABLE', `a directory entry named ${JSON.stringify(name)}`);
    }
    const at = this.#end;
    const end = at + ((fixed + name.length + 7) & ~7);
    if (end > this.#reply.length) return undefined;
    putZero(this.#reply, end - 8, 8);
    this.#end = end;
    return at;
  }

  #putDirent(at: number, dirent: Dirent): void {
    putCount(this.#reply, at, dirent.ino, 'ino');
    putCount(this.#reply, at + 8, dirent.off, 'off');
    putU32(this.#reply, at + 16, dirent.name.length, 'namelen');
    putU32(this.#reply, at + 20, dirent.type, 'type');
    this.#reply.write(dirent.name, at + DIRENT_HEADER_SIZE, 'latin1');
  }
}
