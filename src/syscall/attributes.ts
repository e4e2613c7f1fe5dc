/** Attributes of an open file, also one opened with O_PATH: fchownat(2), chmod(2), utimensat(2). 0 or -errno. */
import { declare, orErrno } from './libc.js';
import { AT_EMPTY_PATH, AT_FDCWD, descriptorPath } from './raw.js';

/** <linux/stat.h> */
export const UTIME_NOW = 2 ** 30 - 1;
export const UTIME_OMIT = 2 ** 30 - 2;

const cFchownat = declare<(fd: number, path: Uint8Array, uid: number, gid: number, flags: number) => number>(
  'int fchownat(int fd, const void *path, unsigned int uid, unsigned int gid, int flags)',
);
const cChmod = declare<(path: Uint8Array, mode: number) => number>(
  'int chmod(const void *path, unsigned int mode)',
);
const cUtimensat = declare<(fd: number, path: Uint8Array, times: Uint8Array, flags: number) => number>(
  'int utimensat(int fd, const void *path, const void *times, int flags)',
);

const emptyPath = Buffer.alloc(1);
/** (uid_t)-1 leaves it as it is. */
const UNCHANGED = 0xffff_ffff;

export function changeOwner(fd: number, uid: number = UNCHANGED, gid: number = UNCHANGED): number {
  return orErrno(cFchownat(fd, emptyPath, uid, gid, AT_EMPTY_PATH));
}

/** EOPNOTSUPP for a symlink. */
export function changeMode(fd: number, mode: number): number {
  return orErrno(cChmod(descriptorPath(fd), mode));
}

export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

const times = Buffer.alloc(32);

export function changeTimes(fd: number, atime: Timespec, mtime: Timespec): number {
  times.writeBigInt64LE(BigInt(atime.sec), 0);
  times.writeBigInt64LE(BigInt(atime.nsec), 8);
  times.writeBigInt64LE(BigInt(mtime.sec), 16);
  times.writeBigInt64LE(BigInt(mtime.nsec), 24);
  return orErrno(cUtimensat(AT_FDCWD, descriptorPath(fd), times, 0));
}
