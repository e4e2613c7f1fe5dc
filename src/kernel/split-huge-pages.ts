/**
 * split_huge_pages of debugfs: asks for the split of the large folios of a file, or of what a process has mapped.  Owns the
 * way there and what is written; debugfs is used where it is mounted and never mounted here.
 * Authority: split_huge_pages_write() in mm/huge_memory.c.  A third number, of the order that is to be, came with 6.9,
 * one of the place in the folio later; without them it is order 0, or the least order of the file (6.12).
 */
import { join } from 'node:path';
import { Errno, errnoName } from '../base/errno.js';
import { OpenFlag, open } from '../syscall/file.js';
import { readKernelFile } from './kernel-file.js';
import { type MountEntry, readMountinfo } from './mountinfo.js';

/** MAX_INPUT_BUF_SZ, of which the last byte is a zero. */
const MOST_BYTES = 254;

/** Where the file should be; or why it cannot be there. */
export function findSplitHugePages(
  entries: readonly MountEntry[],
  filesystems: string,
): { readonly path: string } | { readonly lacking: string } {
  if (!filesystems.split('\n').some((line) => line.endsWith('\tdebugfs')))
    return { lacking: 'this kernel has no debugfs' };
  const debugfs = entries.find(({ fsType, root }) => fsType === 'debugfs' && root === '/');
  if (debugfs === undefined) return { lacking: 'debugfs is not mounted' };
  return { path: join(debugfs.mountPoint, 'split_huge_pages') };
}

/** The descriptor to write to; or why there is none. */
export function openSplitHugePages(): { readonly fd: number } | { readonly lacking: string } {
  const found = findSplitHugePages(readMountinfo(), readKernelFile('/proc/filesystems'));
  if ('lacking' in found) return found;
  const fd = open(found.path, OpenFlag.O_WRONLY | OpenFlag.O_CLOEXEC);
  return fd >= 0 ? { fd } : { lacking: whyNotOpened(found.path, -fd) };
}

/** @param errno of open(2) as root */
export function whyNotOpened(path: string, errno: number): string {
  const name = errnoName(errno);
  if (errno === Errno.ENOENT) return `${path} is not there: no CONFIG_TRANSPARENT_HUGEPAGE (${name})`;
  // debugfs_locked_down() (fs/debugfs/file.c), or a kernel without debugfs for user space (debugfs=no-mount).
  if (errno === Errno.EPERM) return `${path}: debugfs is locked down (${name})`;
  return `${path} cannot be opened (${name})`;
}

/** The one folio of the file at this page. @returns undefined where the kernel would not read it as it is meant */
export function folioOfFile(path: string, pageIndex: number): string | undefined {
  const words = `${path},0x${pageIndex.toString(16)},0x${(pageIndex + 1).toString(16)}`;
  return path.startsWith('/') && !path.includes(',') && Buffer.byteLength(words) <= MOST_BYTES
    ? words
    : undefined;
}

/** What a process has mapped at this page. */
export function folioAtAddress(pid: number, address: bigint, pageBytes: number): string {
  return `${pid},0x${address.toString(16)},0x${(address + BigInt(pageBytes)).toString(16)}`;
}
