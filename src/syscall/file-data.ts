/**
 * The data of an open file: pread(2), pwrite(2), ftruncate(2), fallocate(2), lseek(2), copy_file_range(2), fsync(2).
 * Each answers -errno where it fails, and may wait for the disk.
 */
import { declare, orErrno } from './libc.js';
import { descriptorPath } from './raw.js';

const cOpen = declare<(path: Uint8Array, flags: number) => number>('int open(const void *path, int flags)');
const cPread = declare<(fd: number, into: Uint8Array, count: number, offset: number) => number>(
  'int64_t pread(int fd, void *into, size_t count, int64_t offset)',
);
const cPwrite = declare<(fd: number, from: Uint8Array, count: number, offset: number) => number>(
  'int64_t pwrite(int fd, const void *from, size_t count, int64_t offset)',
);
const cFtruncate = declare<(fd: number, size: number) => number>('int ftruncate(int fd, int64_t size)');
const cFallocate = declare<(fd: number, mode: number, offset: number, length: number) => number>(
  'int fallocate(int fd, int mode, int64_t offset, int64_t length)',
);
const cLseek = declare<(fd: number, offset: number, whence: number) => number>(
  'int64_t lseek(int fd, int64_t offset, int whence)',
);
const cCopyFileRange = declare<
  (fd: number, at: Uint8Array, toFd: number, toAt: Uint8Array, length: number, flags: number) => number
>('int64_t copy_file_range(int fd, void *at, int toFd, void *toAt, size_t length, unsigned int flags)');
const cFsync = declare<(fd: number) => number>('int fsync(int fd)');
const cFdatasync = declare<(fd: number) => number>('int fdatasync(int fd)');

/** Opens the file of a descriptor again, with other flags. */
export function reopen(fd: number, flags: number): number {
  return orErrno(cOpen(descriptorPath(fd), flags));
}

export function pread(fd: number, into: Uint8Array, countBytes: number, offsetBytes: number): number {
  return orErrno(cPread(fd, into, countBytes, offsetBytes));
}

export function pwrite(fd: number, from: Uint8Array, offsetBytes: number): number {
  return orErrno(cPwrite(fd, from, from.length, offsetBytes));
}

export function ftruncate(fd: number, sizeBytes: number): number {
  return orErrno(cFtruncate(fd, sizeBytes));
}

export function fallocate(fd: number, mode: number, offsetBytes: number, lengthBytes: number): number {
  return orErrno(cFallocate(fd, mode, offsetBytes, lengthBytes));
}

export function lseek(fd: number, offsetBytes: number, whence: number): number {
  return orErrno(cLseek(fd, offsetBytes, whence));
}

export function copyFileRange(
  fd: number,
  at: number,
  toFd: number,
  toAt: number,
  lengthBytes: number,
): number {
  const offsets = [at, toAt].map((offset) => new Uint8Array(new BigInt64Array([BigInt(offset)]).buffer));
  const [from, to] = offsets as [Uint8Array, Uint8Array];
  return orErrno(cCopyFileRange(fd, from, toFd, to, lengthBytes, 0));
}

export function fsync(fd: number): number {
  return orErrno(cFsync(fd));
}

export function fdatasync(fd: number): number {
  return orErrno(cFdatasync(fd));
}
