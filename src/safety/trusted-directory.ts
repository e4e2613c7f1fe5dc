/**
 * Directories that nobody else can write to or put something else in the place of.
 * What lies in them is acted upon as root (signals, sysctls, unmounts), so a path is believed only after a look
 * at who owns it.  A path on a FUSE mount is refused before it is touched: to touch a wedged mount is to hang.
 * Authority: path_resolution(7), inode(7) on the sticky bit.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import { dirname, normalize } from 'node:path';
import { StuckfsError } from '../base/errors.js';
import { errnoOf } from '../kernel/kernel-file.js';
import { type MountEntry, mountContaining, readMountinfo } from '../kernel/mountinfo.js';

/** Closed: why a state directory is not to be used. */
export type StateDirectoryErrorCode =
  | 'STATE_DIRECTORY_UNTRUSTED'
  | 'STATE_DIRECTORY_MISSING'
  | 'STATE_DIRECTORY_UNUSABLE'
  | 'STATE_MALFORMED';

export class StateDirectoryError extends StuckfsError {
  constructor(
    override readonly code: StateDirectoryErrorCode,
    readonly path: string,
    why: string,
    options?: { cause?: unknown },
  ) {
    super(`${path}: ${why}`, options);
  }
}

function untrusted(path: string, why: string): StateDirectoryError {
  return new StateDirectoryError('STATE_DIRECTORY_UNTRUSTED', path, why);
}

/** Whether this is a filesystem that user space serves, so that touching it may never return. */
export function isServedByUserSpace(entry: MountEntry): boolean {
  return entry.fsType === 'fuse' || entry.fsType.startsWith('fuse.') || entry.fsType === 'fuseblk';
}

/** Throws unless `path` is a real directory of ours that others cannot enter, below a parent they cannot change. */
export function checkTrusted(path: string, entries: readonly MountEntry[] = readMountinfo()): void {
  if (!path.startsWith('/') || normalize(path) !== path || path.includes('\0')) {
    throw untrusted(path, 'must be an absolute path without "." or ".." or doubled slashes');
  }
  const mount = mountContaining(entries, path);
  if (mount !== undefined && isServedByUserSpace(mount)) {
    throw untrusted(path, `lies on ${mount.mountPoint}, which is served by user space`);
  }
  const us = process.geteuid?.() ?? 0;
  const stats = lookAt(path);
  if (!stats.isDirectory()) throw untrusted(path, 'must be a directory, and not a symbolic link');
  if (stats.uid !== us) throw untrusted(path, `belongs to user ${stats.uid}, and must belong to ${us}`);
  if ((stats.mode & 0o077) !== 0) {
    throw untrusted(
      path,
      `has mode ${(stats.mode & 0o777).toString(8)}, and must be closed to others (0700)`,
    );
  }
  const parentPath = dirname(path);
  const parent = lookAt(parentPath);
  if (!parent.isDirectory()) throw untrusted(parentPath, 'must be a directory, and not a symbolic link');
  if (parent.uid !== us && parent.uid !== 0) {
    throw untrusted(parentPath, `belongs to user ${parent.uid}, who could put something else at ${path}`);
  }
  const sticky = (parent.mode & 0o1000) !== 0;
  if ((parent.mode & 0o022) !== 0 && !sticky) {
    throw untrusted(parentPath, `others may write to it, and could put something else at ${path}`);
  }
}

function lookAt(path: string) {
  try {
    return lstatSync(path);
  } catch (cause) {
    const code = errnoOf(cause) === 2 ? 'STATE_DIRECTORY_MISSING' : 'STATE_DIRECTORY_UNUSABLE';
    throw new StateDirectoryError(code, path, 'cannot be looked at', { cause });
  }
}

/** Makes the directory (0700, not its parents) unless it is there, and checks it in either case. */
export function ensureTrusted(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (errnoOf(cause) !== 17) {
      throw new StateDirectoryError('STATE_DIRECTORY_UNUSABLE', path, 'cannot be created', { cause });
    }
  }
  checkTrusted(path);
}
