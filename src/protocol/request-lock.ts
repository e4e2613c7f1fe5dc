/**
 * GETLK, SETLK and SETLKW: POSIX locks, and flock(2) with FUSE_LK_FLOCK.
 * Authority: include/uapi/linux/fuse.h (struct fuse_lk_in); fs/fuse/file.c (fuse_lk_fill).
 */
import type { Extension } from './extension.js';
import type { Opcode } from './opcode.js';
import { needEnd, RequestHeader } from './request-header.js';
import { readU64 } from './wire.js';

/** struct fuse_file_lock: bytes [start, end], both inclusive; `end` is OFFSET_MAX (2^63-1) for "to the end". */
export interface FileLock {
  readonly start: bigint;
  readonly end: bigint;
  /** F_RDLCK 0, F_WRLCK 1, F_UNLCK 2 of fcntl(2). */
  readonly type: number;
  readonly pid: number;
}

export class LockRequest extends RequestHeader<
  typeof Opcode.FUSE_GETLK | typeof Opcode.FUSE_SETLK | typeof Opcode.FUSE_SETLKW
> {
  readonly fh: bigint;
  readonly owner: bigint;
  readonly lk: FileLock;
  /** LkFlags */
  readonly lk_flags: number;
  constructor(message: Buffer, end: number, extensions: readonly Extension[]) {
    super(message, extensions);
    needEnd(message, end, 88);
    this.fh = readU64(message, 40);
    this.owner = readU64(message, 48);
    this.lk = {
      start: readU64(message, 56),
      end: readU64(message, 64),
      type: message.readUInt32LE(72),
      pid: message.readUInt32LE(76),
    };
    this.lk_flags = message.readUInt32LE(80);
  }
}
