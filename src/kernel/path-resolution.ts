/**
 * Resolves a path as the kernel would, without ever touching a forbidden mount.
 * lstat or readlink at or below a wedged mount puts the process in D state for ever, and realpath(3) would do just
 * that; so each component is first looked up in mountinfo, lexically, and only then touched.
 * `entries` are as fresh as their reader made them: a mount that appears later is not seen.
 * Authority: fs/namei.c (MAXSYMLINKS 40), path_resolution(7).
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Errno } from '../base/errno.js';
import { errnoOf } from './kernel-file.js';
import { type MountEntry, mountContaining } from './mountinfo.js';

const maxSymlinks = 40;

export type PathResolution =
  /** Absolute, without symlinks, dots or doubled slashes; it existed. */
  | { readonly kind: 'resolved'; readonly path: string }
  /** The walk came to `at`, which is on a forbidden mount, and stopped before touching it. */
  | { readonly kind: 'forbidden'; readonly at: string; readonly mount: MountEntry }
  /** What a system call on `at` would have said. */
  | { readonly kind: 'failed'; readonly at: string; readonly errno: number };

/** The two calls that touch a path. */
export interface PathCalls {
  readonly lstat: (path: string) => 'directory' | 'symlink' | 'other';
  readonly readlink: (path: string) => string;
}

const systemCalls: PathCalls = {
  lstat: (path) => {
    const stats = lstatSync(path);
    if (stats.isSymbolicLink()) return 'symlink';
    return stats.isDirectory() ? 'directory' : 'other';
  },
  readlink: (path) => readlinkSync(path),
};

/**
 * @param path as the user gave it: relative paths start at `cwd`, and the last component is followed too
 * @param entries of readMountinfo
 * @param isForbidden says which mounts must not be touched
 */
export function resolveOutsideMounts(
  path: string,
  entries: readonly MountEntry[],
  isForbidden: (entry: MountEntry) => boolean,
  { cwd = process.cwd(), calls = systemCalls }: { readonly cwd?: string; readonly calls?: PathCalls } = {},
): PathResolution {
  if (path === '') return { kind: 'failed', at: path, errno: Errno.ENOENT };
  if (path.includes('\0')) return { kind: 'failed', at: path, errno: Errno.EINVAL };
  const pending = componentsOf(path.startsWith('/') ? path : `${cwd}/${path}`);
  let current = '/';
  let isDirectory = true;
  let symlinks = 0;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (!isDirectory) return { kind: 'failed', at: current, errno: Errno.ENOTDIR };
    if (name === '.') continue;
    if (name === '..') {
      current = dirname(current);
      continue;
    }
    const next = join(current, name);
    const mount = mountContaining(entries, next);
    if (mount !== undefined && isForbidden(mount)) return { kind: 'forbidden', at: next, mount };
    try {
      const kind = calls.lstat(next);
      if (kind !== 'symlink') {
        current = next;
        isDirectory = kind === 'directory';
        continue;
      }
      symlinks++;
      if (symlinks > maxSymlinks) return { kind: 'failed', at: next, errno: Errno.ELOOP };
      const target = calls.readlink(next);
      pending.unshift(...componentsOf(target));
      if (target.startsWith('/')) current = '/';
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      return { kind: 'failed', at: next, errno };
    }
  }
  const mount = mountContaining(entries, current);
  if (mount !== undefined && isForbidden(mount)) return { kind: 'forbidden', at: current, mount };
  return { kind: 'resolved', path: current };
}

/** A slash at the end stands for a dot: what comes before it must be a directory. */
function componentsOf(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  return path.endsWith('/') ? [...names, '.'] : names;
}
