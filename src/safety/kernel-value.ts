/**
 * One value of the kernel's in a file below /proc/sys or /sys: read, compared and written in one way.
 * It refuses a path that leads anywhere else, by a link or by a mount that user space serves.
 * Authority: fs/proc/proc_sysctl.c, fs/sysfs/file.c; `always [madvise] never` as in mm/huge_memory.c.
 */
import { closeSync, constants, openSync, readFileSync, realpathSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StuckfsError } from '../base/errors.js';
import { mountContaining, readMountinfo } from '../kernel/mountinfo.js';
import { isValuePath } from './ledger-records.js';
import { isServedByUserSpace } from './trusted-directory.js';
import { mayWait, writeWithin } from './write-within.js';

/** Closed: a path that is none of ours to change, or a file that would not be read or written. */
export type KernelValueErrorCode =
  | 'KERNEL_VALUE_REFUSED'
  | 'KERNEL_VALUE_UNREADABLE'
  | 'KERNEL_VALUE_UNWRITABLE';

/** Its `cause` is what the system call threw, where one failed. */
export class KernelValueError extends StuckfsError {
  constructor(
    override readonly code: KernelValueErrorCode,
    readonly path: string,
    why: string,
    cause?: unknown,
  ) {
    super(`${path}: ${why}`, { cause });
  }
}

/** As the kernel would print it again: the chosen one of `a [b] c`, and one blank between words. */
export function normaliseValue(text: string): string {
  const words = text.trim().split(/\s+/);
  const chosen = words.length > 1 ? words.filter((word) => /^\[.+\]$/.test(word)) : [];
  if (chosen.length === 1) return (chosen[0] ?? '').slice(1, -1);
  return words.join(' ');
}

export function readKernelValue(path: string, root: string): string {
  const file = locate(path, root);
  try {
    return normaliseValue(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new KernelValueError('KERNEL_VALUE_UNREADABLE', path, `cannot be read (${reason(cause)})`, cause);
  }
}

/** One write(2), as `echo` does it: sysctls take a value from the first write, and sysfs from each. */
export function writeKernelValue(path: string, value: string, root: string): void {
  const file = locate(path, root);
  try {
    const fd = openSync(file, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW);
    try {
      writeSync(fd, `${value}\n`);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const why = `cannot be set to ${JSON.stringify(value)} (${reason(cause)})`;
    throw new KernelValueError('KERNEL_VALUE_UNWRITABLE', path, why, cause);
  }
}

/** As writeKernelValue(), and never behind a trigger that hangs: at the deadline it is given up, and told. */
export function writeKernelValueWithin(path: string, value: string, root: string, deadlineMs: number): void {
  const outcome = mayWait(path)
    ? writeWithin(locate(path, root), value, deadlineMs)
    : { kind: 'not started' };
  // Without a process the value matters more than the deadline.
  if (outcome.kind === 'not started') writeKernelValue(path, value, root);
  if (!('pid' in outcome)) return;
  const why = `cannot be set to ${JSON.stringify(value)} within ${deadlineMs} ms: process ${outcome.pid} waits for it`;
  throw new KernelValueError('KERNEL_VALUE_UNWRITABLE', path, why);
}

/** The inode number of a file in sysfs: a device that comes back under its old name has another. */
export function sysfsInode(path: string, root: string): number | undefined {
  return path.startsWith('/sys/') ? statSync(locate(path, root)).ino : undefined;
}

/** Where the file is once its links are followed, which must be in the same tree. */
function locate(path: string, root: string): string {
  if (!isValuePath(path)) {
    throw new KernelValueError('KERNEL_VALUE_REFUSED', path, 'is no file below /proc/sys or /sys');
  }
  const mount = mountContaining(readMountinfo(root), path);
  if (mount !== undefined && isServedByUserSpace(mount)) {
    throw new KernelValueError('KERNEL_VALUE_REFUSED', path, `${mount.mountPoint} is served by user space`);
  }
  const tree = path.startsWith('/sys/') ? '/sys' : '/proc/sys';
  let real: string;
  let treeReal: string;
  try {
    treeReal = realpathSync(join(root, tree));
    real = realpathSync(join(root, path));
  } catch (cause) {
    throw new KernelValueError('KERNEL_VALUE_UNREADABLE', path, `cannot be found (${reason(cause)})`, cause);
  }
  if (!real.startsWith(`${treeReal}/`)) {
    throw new KernelValueError('KERNEL_VALUE_REFUSED', path, `leads to ${real}`);
  }
  return real;
}

function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
