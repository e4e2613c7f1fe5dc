/**
 * What the rooms above need of system calls that not every C library wraps: they go by number.  Owns the numbers
 * (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h) and the byte strings of paths.
 */
import { LibcError } from './libc.js';

/** Calls from 424 on have the same number everywhere. */
export const NR_PIDFD_OPEN = 434;
export const NR_OPENAT2 = 437;
export const NR_PIDFD_GETFD = 438;

type Call = 'statx' | 'renameat2' | 'getdents64' | 'mbind' | 'migrate_pages' | 'move_pages';

const numbers: Readonly<Record<string, Readonly<Record<Call, number>>>> = {
  x64: { statx: 332, renameat2: 316, getdents64: 217, mbind: 237, migrate_pages: 256, move_pages: 279 },
  arm64: { statx: 291, renameat2: 276, getdents64: 61, mbind: 235, migrate_pages: 238, move_pages: 239 },
};

export function callNumber(name: Call): number {
  const number = numbers[process.arch]?.[name];
  if (number === undefined) throw new LibcError(`the number of ${name}(2) on ${process.arch} is not known`);
  return number;
}

/** A name or a path for the kernel: one char (0-255) a byte, as the store has them. */
export function cString(bytes: string): Buffer {
  return Buffer.from(`${bytes}\0`, 'latin1');
}

export const AT_FDCWD = -100;
export const AT_EMPTY_PATH = 0x1000;

/** The path that stands for an open file, also for one that was opened with O_PATH, a symlink among them. */
export function descriptorPath(fd: number): Buffer {
  return Buffer.from(`/proc/self/fd/${fd}\0`, 'latin1');
}
