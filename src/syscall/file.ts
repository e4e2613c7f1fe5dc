/** Descriptors: open(2), close(2), read(2), write(2), pwrite(2), fdatasync(2), sync_file_range(2), posix_fadvise(2), lseek(2), syncfs(2). */
import { declare, orErrno } from './libc.js';

/** <asm-generic/fcntl.h>: only flags that are the same on every architecture that Node supports. */
export const OpenFlag = {
  O_RDONLY: 0,
  O_WRONLY: 0o1,
  O_RDWR: 0o2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_TRUNC: 0o1000,
  O_NONBLOCK: 0o4000,
  O_CLOEXEC: 0o2000000,
} as const;

const cOpen = declare<(path: string, flags: number, mode: number) => number>(
  'int open(const char *path, int flags, unsigned int mode)',
);
const cClose = declare<(fd: number) => number>('int close(int fd)');
const cRead = declare<(fd: number, into: Uint8Array, count: number) => number>(
  'int64_t read(int fd, void *into, size_t count)',
);
const cWrite = declare<(fd: number, from: Uint8Array, count: number) => number>(
  'int64_t write(int fd, const void *from, size_t count)',
);
const cSyncFileRange = declare<(fd: number, offset: number, count: number, flags: number) => number>(
  'int sync_file_range(int fd, int64_t offset, int64_t count, unsigned int flags)',
);

/** Descriptor, or -errno. */
export function open(path: string, flags: number, mode = 0): number {
  return orErrno(cOpen(path, flags, mode));
}

export function close(fd: number): number {
  return orErrno(cClose(fd));
}

/** Bytes read into the start of `into`, at most `into.length`; or -errno. */
export function read(fd: number, into: Uint8Array): number {
  return orErrno(cRead(fd, into, into.length));
}

/** Bytes written of the first `count` of `from`; or -errno. */
export function write(fd: number, from: Uint8Array, count: number = from.length): number {
  return orErrno(cWrite(fd, from, count));
}

const cPwrite = declare<(fd: number, from: Uint8Array, count: number, offset: number) => number>(
  'int64_t pwrite(int fd, const void *from, size_t count, int64_t offset)',
);

/** Bytes written at that place in the file; or -errno. */
export function pwrite(fd: number, from: Uint8Array, offsetBytes: number): number {
  return orErrno(cPwrite(fd, from, from.length, offsetBytes));
}

const cFcntl = declare<(fd: number, command: number, word: number) => number>(
  'int fcntl(int fd, int command, long word)',
);
/** <linux/fcntl.h> */
const F_SETFD = 2;
const F_DUPFD_CLOEXEC = 1030;
const FD_CLOEXEC = 1;

/** No child inherits it: 0 or -errno. */
export function closeOnExec(fd: number): number {
  return orErrno(cFcntl(fd, F_SETFD, FD_CLOEXEC));
}

/** A second descriptor of the same open file, which no child inherits; or -errno. */
export function duplicate(fd: number): number {
  return orErrno(cFcntl(fd, F_DUPFD_CLOEXEC, 0));
}

/** SYNC_FILE_RANGE_WRITE of <linux/fs.h>: start writeback of dirty pages, wait for nothing. */
export const SYNC_FILE_RANGE_WRITE = 2;

/** sync_file_range(2): 0 or -errno. `countBytes` 0 means to the end of the file. */
export function syncFileRange(fd: number, offsetBytes: number, countBytes: number, flags: number): number {
  return orErrno(cSyncFileRange(fd, offsetBytes, countBytes, flags));
}

const cFdatasync = declare<(fd: number) => number>('int fdatasync(int fd)');

/** fdatasync(2): afterwards the pages are clean. 0 or -errno. */
export function fdatasync(fd: number): number {
  return orErrno(cFdatasync(fd));
}

/** POSIX_FADV_* of <linux/fadvise.h>. */
export const POSIX_FADV_WILLNEED = 3;
export const POSIX_FADV_DONTNEED = 4;

const cPosixFadvise = declare<(fd: number, offset: number, length: number, advice: number) => number>(
  'int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)',
);

/** posix_fadvise(2): 0 or -errno. `lengthBytes` 0 means to the end of the file. */
export function posixFadvise(fd: number, offsetBytes: number, lengthBytes: number, advice: number): number {
  // Unlike the rest of the C library this one answers the errno itself.
  return 0 - cPosixFadvise(fd, offsetBytes, lengthBytes, advice);
}

const SEEK_END = 2;
const cLseek = declare<(fd: number, offset: number, whence: number) => number>(
  'int64_t lseek(int fd, int64_t offset, int whence)',
);

/** lseek(2) past whatever there is: the offset then, which /dev/kmsg does not count, or -errno. */
export function seekToEnd(fd: number): number {
  return orErrno(Number(cLseek(fd, 0, SEEK_END)));
}

const cSyncfs = declare<(fd: number) => number>('int syncfs(int fd)');

/** syncfs(2): writes back the filesystem on which `fd` lies, and waits. 0 or -errno. */
export function syncfs(fd: number): number {
  return orErrno(cSyncfs(fd));
}
