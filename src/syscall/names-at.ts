/** Names below an open directory: mknodat(2), mkdirat(2), symlinkat(2), linkat(2), unlinkat(2), renameat2(2), readlinkat(2). */
import { declare, orErrno } from './libc.js';
import { AT_FDCWD, callNumber, cString, descriptorPath } from './raw.js';

const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_FOLLOW = 0x400;
/** PATH_MAX of <linux/limits.h>: no target of a symlink is longer. */
const PATH_MAX = 4096;

const cMknodat = declare<(fd: number, name: Uint8Array, mode: number, device: number) => number>(
  'int mknodat(int fd, const void *name, unsigned int mode, uint64_t device)',
);
const cMkdirat = declare<(fd: number, name: Uint8Array, mode: number) => number>(
  'int mkdirat(int fd, const void *name, unsigned int mode)',
);
const cSymlinkat = declare<(target: Uint8Array, fd: number, name: Uint8Array) => number>(
  'int symlinkat(const void *target, int fd, const void *name)',
);
const cLinkat = declare<
  (fd: number, path: Uint8Array, newFd: number, name: Uint8Array, flags: number) => number
>('int linkat(int fd, const void *path, int newFd, const void *name, int flags)');
const cUnlinkat = declare<(fd: number, name: Uint8Array, flags: number) => number>(
  'int unlinkat(int fd, const void *name, int flags)',
);
const cRenameat2 = declare<
  (nr: number, fd: number, name: Uint8Array, newFd: number, newName: Uint8Array, flags: number) => number
>(
  'int64_t syscall(int64_t nr, int64_t fd, const void *name, int64_t newFd, const void *newName, int64_t flags)',
);
const cReadlinkat = declare<(fd: number, path: Uint8Array, into: Uint8Array, size: number) => number>(
  'int64_t readlinkat(int fd, const void *path, void *into, size_t size)',
);

const NR_RENAMEAT2 = callNumber('renameat2');

/** `device` as makedev(3) and the FUSE protocol have it: the same for majors below 4096. 0 or -errno. */
export function mknodat(dirFd: number, name: string, mode: number, device: number): number {
  return orErrno(cMknodat(dirFd, cString(name), mode, device));
}

export function mkdirat(dirFd: number, name: string, mode: number): number {
  return orErrno(cMkdirat(dirFd, cString(name), mode));
}

export function symlinkat(target: string, dirFd: number, name: string): number {
  return orErrno(cSymlinkat(cString(target), dirFd, cString(name)));
}

/** Gives an open file, a symlink or one without a name too, a name. 0 or -errno. */
export function linkDescriptor(fd: number, dirFd: number, name: string): number {
  return orErrno(cLinkat(AT_FDCWD, descriptorPath(fd), dirFd, cString(name), AT_SYMLINK_FOLLOW));
}

export function unlinkat(dirFd: number, name: string): number {
  return orErrno(cUnlinkat(dirFd, cString(name), 0));
}

export function rmdirat(dirFd: number, name: string): number {
  return orErrno(cUnlinkat(dirFd, cString(name), AT_REMOVEDIR));
}

export function renameat2(
  dirFd: number,
  name: string,
  newDirFd: number,
  newName: string,
  flags: number,
): number {
  return orErrno(cRenameat2(NR_RENAMEAT2, dirFd, cString(name), newDirFd, cString(newName), flags));
}

const target = Buffer.alloc(PATH_MAX);
const emptyPath = Buffer.alloc(1);

/** The target of a symlink that was opened with O_PATH; or -errno. */
export function readlinkOf(fd: number): string | number {
  const length = orErrno(cReadlinkat(fd, emptyPath, target, target.length));
  return length < 0 ? length : target.toString('latin1', 0, length);
}

/**
 * Where an open file lies now, as d_path() in fs/d_path.c spells it: no filesystem is asked.  Ends with " (deleted)"
 * when it lies nowhere.  Or -errno.
 */
export function pathOfDescriptor(fd: number): string | number {
  const length = orErrno(cReadlinkat(AT_FDCWD, descriptorPath(fd), target, target.length));
  return length < 0 ? length : target.toString('latin1', 0, length);
}
