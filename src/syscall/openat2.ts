/**
 * openat2(2), 5.6: opens a name below a directory such that the kernel itself refuses to leave it.
 * Authority: include/uapi/linux/openat2.h, fs/namei.c.
 */
import { constants } from 'node:fs';
import { declare, orErrno } from './libc.js';
import { cString, NR_OPENAT2 } from './raw.js';

/** Flags that OpenFlag of file.ts leaves out; O_DIRECTORY and O_NOFOLLOW differ by architecture. */
export const { O_DIRECTORY, O_NOFOLLOW } = constants;
export const O_PATH = 0o10000000;
/** __O_TMPFILE of <asm-generic/fcntl.h> with the O_DIRECTORY that it goes with. */
export const O_TMPFILE = 0o20000000 | O_DIRECTORY;

const RESOLVE_NO_XDEV = 0x01;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
/** Nothing is followed and no mount is crossed: EXDEV, ELOOP. A symlink itself is opened by O_PATH and O_NOFOLLOW. */
const RESOLVE = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;

const cOpenat2 = declare<(nr: number, fd: number, name: Uint8Array, how: Uint8Array, size: number) => number>(
  'int64_t syscall(int64_t nr, int64_t fd, const void *name, const void *how, size_t size)',
);

const SIZEOF_OPEN_HOW = 24;

function openHow(flags: number, mode: number): Buffer {
  const how = Buffer.alloc(SIZEOF_OPEN_HOW);
  how.writeBigUInt64LE(BigInt(flags), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(RESOLVE), 16);
  return how;
}

/** A descriptor of `name` below `dirFd`, or -errno. `mode` only where a file is made. */
export function openBeneath(dirFd: number, name: string, flags: number, mode = 0): number {
  return orErrno(cOpenat2(NR_OPENAT2, dirFd, cString(name), openHow(flags, mode), SIZEOF_OPEN_HOW));
}
