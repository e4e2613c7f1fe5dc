/**
 * Replies to requests on open files: OPEN, WRITE, LSEEK, COPY_FILE_RANGE, GETLK, and BMAP.
 * READ has no struct: see encodeReplyHeader and encodeData in reply.ts; READDIR: dirent.ts.
 * Authority: include/uapi/linux/fuse.h.
 */
import type { Unique } from '../base/branded.js';
import { allocating, OUT_HEADER_SIZE, startReply } from './reply.js';
import { OPEN_OUT_SIZE, type OpenOut, putOpen } from './reply-entry.js';
import type { FileLock } from './request-lock.js';
import { putCount, putU32, putU64, putZero } from './wire.js';

export function encodeOpenInto(into: Buffer, unique: Unique, open: OpenOut): number {
  const length = startReply(into, unique, OPEN_OUT_SIZE);
  putOpen(into, 16, open);
  return length;
}
/** OPEN and OPENDIR. */
export const encodeOpen = allocating(OUT_HEADER_SIZE + OPEN_OUT_SIZE, encodeOpenInto);

export function encodeWriteInto(into: Buffer, unique: Unique, size: number): number {
  const length = startReply(into, unique, 8);
  putU32(into, 16, size, 'size');
  putZero(into, 20, 4);
  return length;
}
/** WRITE and COPY_FILE_RANGE: the bytes done. */
export const encodeWrite = allocating(OUT_HEADER_SIZE + 8, encodeWriteInto);

function encodeCountInto(into: Buffer, unique: Unique, value: number): number {
  const length = startReply(into, unique, 8);
  putCount(into, 16, value, 'value');
  return length;
}
/** COPY_FILE_RANGE_64 (7.45): struct fuse_copy_file_range_out.bytes_copied. */
export const encodeCopyFileRange = allocating(OUT_HEADER_SIZE + 8, encodeCountInto);
/** LSEEK: struct fuse_lseek_out.offset. */
export const encodeLseek = allocating(OUT_HEADER_SIZE + 8, encodeCountInto);
/** BMAP: struct fuse_bmap_out.block. */
export const encodeBmap = allocating(OUT_HEADER_SIZE + 8, encodeCountInto);

function encodeLockInto(into: Buffer, unique: Unique, lk: FileLock): number {
  const length = startReply(into, unique, 24);
  putU64(into, 16, lk.start, 'start');
  putU64(into, 24, lk.end, 'end');
  putU32(into, 32, lk.type, 'type');
  putU32(into, 36, lk.pid, 'pid');
  return length;
}
/** GETLK: the lock in the way, or type F_UNLCK. SETLK and SETLKW answer empty. */
export const encodeLock = allocating(OUT_HEADER_SIZE + 24, encodeLockInto);
