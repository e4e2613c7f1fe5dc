/**
 * What POSIX and Linux ask of reads, writes and allocation on an inode beyond the bytes: which types may, what
 * is too large, and which times change.  The bytes are file-data.ts's.
 */
import { fail, isFailure, type Result } from '../failure.js';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  SEEK_DATA,
  SEEK_HOLE,
} from '../mode.js';
import { MAX_FILE_BYTES } from './file-data.js';
import type { Inode } from './inode.js';
import type { InodeTable } from './inode-table.js';
import { dropCapability } from './xattr.js';

export function readFile(
  table: InodeTable,
  inode: Inode,
  offset: number,
  size: number,
  into: Buffer,
): Result<number> {
  const wrong = notRegular(inode);
  if (wrong !== undefined) return wrong;
  inode.touchAccess(table.now());
  return inode.data?.read(offset, size, into) ?? 0;
}

export function writeFile(
  table: InodeTable,
  inode: Inode,
  offset: number,
  bytes: Buffer,
  killPriv: boolean,
): Result<number> {
  const wrong = notRegular(inode);
  if (wrong !== undefined) return wrong;
  if (bytes.length === 0) return 0;
  if (offset >= MAX_FILE_BYTES) return fail('EFBIG');
  const data = table.dataOf(inode);
  if (isFailure(data)) return data;
  const room = MAX_FILE_BYTES - offset;
  const written = data.write(table.budget, offset, bytes.length > room ? bytes.subarray(0, room) : bytes);
  if (written === 0) return fail('ENOSPC');
  if (killPriv) dropPrivileges(table, inode);
  inode.touchContent(table.now());
  return written;
}

/** Size only; the times are setattr's. */
export function resizeFile(table: InodeTable, inode: Inode, size: number): Result<0> {
  const wrong = notRegular(inode);
  if (wrong !== undefined) return wrong;
  if (size < 0) return fail('EINVAL');
  if (size > MAX_FILE_BYTES) return fail('EFBIG');
  if (size === 0 && inode.data === undefined) return 0;
  const data = table.dataOf(inode);
  if (isFailure(data)) return data;
  data.resize(table.budget, size);
  return 0;
}

/** fallocate(2) for the modes of tmpfs and ZERO_RANGE; the others are EOPNOTSUPP. */
export function allocateFile(
  table: InodeTable,
  inode: Inode,
  mode: number,
  offset: number,
  length: number,
): Result<0> {
  const wrong = notRegular(inode);
  if (wrong !== undefined) return wrong;
  const operation = mode & ~FALLOC_FL_KEEP_SIZE;
  const keepsSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
  if (operation !== 0 && operation !== FALLOC_FL_PUNCH_HOLE && operation !== FALLOC_FL_ZERO_RANGE) {
    return fail('EOPNOTSUPP');
  }
  if (operation === FALLOC_FL_PUNCH_HOLE && !keepsSize) return fail('EOPNOTSUPP');
  if (offset < 0 || length <= 0) return fail('EINVAL');
  const end = offset + length;
  if (end > MAX_FILE_BYTES) return fail('EFBIG');

  const data = table.dataOf(inode);
  if (isFailure(data)) return data;
  if (operation !== 0) data.punch(table.budget, offset, end);
  if (operation !== FALLOC_FL_PUNCH_HOLE) {
    const allocated = data.allocate(table.budget, offset, end);
    if (isFailure(allocated)) return allocated;
    if (!keepsSize) data.extend(end);
  }
  inode.touchContent(table.now());
  return 0;
}

export function seekFile(inode: Inode, offset: number, whence: number): Result<number> {
  const wrong = notRegular(inode);
  if (wrong !== undefined) return wrong;
  if (whence !== SEEK_DATA && whence !== SEEK_HOLE) return fail('EINVAL');
  if (inode.data === undefined || offset < 0) return fail('ENXIO');
  return whence === SEEK_DATA ? inode.data.seekData(offset) : inode.data.seekHole(offset);
}

export function copyFile(
  table: InodeTable,
  source: Inode,
  from: number,
  target: Inode,
  to: number,
  length: number,
): Result<number> {
  const wrong = notRegular(source) ?? notRegular(target);
  if (wrong !== undefined) return wrong;
  if (from < 0 || to < 0 || length < 0) return fail('EINVAL');
  const size = source.data?.size ?? 0;
  const nr = Math.min(length, Math.max(0, size - from), Math.max(0, MAX_FILE_BYTES - to));
  if (source === target && from < to + nr && to < from + nr) return fail('EINVAL');
  if (nr === 0) return length > 0 && from < size ? fail('EFBIG') : 0;
  if (source.data === undefined) return 0;
  const data = table.dataOf(target);
  if (isFailure(data)) return data;
  const copied = data.copy(table.budget, source.data, from, to, nr);
  if (copied === 0) return fail('ENOSPC');
  const now = table.now();
  source.touchAccess(now);
  target.touchContent(now);
  return copied;
}

/** file_remove_privs (fs/inode.c): the set-ID bits and the capabilities. */
export function dropPrivileges(table: InodeTable, inode: Inode): void {
  inode.dropPrivilegeBits();
  dropCapability(table.budget, inode);
}

function notRegular(inode: Inode): Result<never> | undefined {
  if (inode.isRegular) return undefined;
  return fail(inode.isDirectory ? 'EISDIR' : 'EINVAL');
}
