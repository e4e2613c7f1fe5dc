/**
 * The cache of kernels and guest images.  An entry is made under another name and renamed when it is whole, so a
 * break at any moment leaves none that is half made; its lock is flock(2), which the kernel drops with its holder.
 * Entries never change once they are there.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Errno } from '../base/errno.js';
import { UsageError } from '../base/errors.js';
import { tryFlock } from '../syscall/flock.js';
import { isFullDisk, NoSpaceError } from './vm-failure.js';

/** Tells a person what goes on; one line, no newline. */
export type Progress = (line: string) => void;

const pauseMs = 100;
const mebibyte = 2 ** 20;

/** $STUCKFS_CACHE, else $XDG_CACHE_HOME/stuckfs, else ~/.cache/stuckfs; nothing is made. */
export function cacheDirectory(environment: NodeJS.ProcessEnv): string {
  const { STUCKFS_CACHE: chosen, XDG_CACHE_HOME: xdg } = environment;
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  // The specification has relative paths ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'stuckfs');
  return join(environment['HOME'] ?? homedir(), '.cache', 'stuckfs');
}

/** @throws {UsageError} when it cannot be made or written to, say for a user without a home */
export function makeDirectory(path: string): string {
  try {
    mkdirWithParents(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return path;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (isFullDisk(error)) throw new NoSpaceError(path, undefined, { cause: error });
    const remedy = `cannot be made or written to (${code ?? message}); set STUCKFS_CACHE to a directory of yours`;
    throw new UsageError('cache directory', path, remedy, { cause: error });
  }
}

/** Node's own `recursive` never ends where a directory is there and takes no new one with ENOENT, as in /proc. */
function mkdirWithParents(path: string): void {
  if (existsSync(path) && statSync(path).isDirectory()) return;
  if (dirname(path) !== path) mkdirWithParents(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another may have been quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

/** @throws {NoSpaceError} before anything is written, when there is less than is needed */
export function needSpace(directory: string, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  const mib = (bytes: number) => Math.ceil(bytes / mebibyte);
  throw new NoSpaceError(directory, `${mib(neededBytes)} MiB are needed, ${mib(freeBytes)} MiB are free`);
}

export interface LockOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `act` alone on this machine.
 * @param act is given the descriptor of the lock: a child that inherits it keeps the lock until it ends, too
 */
export async function withLock<T>(
  path: string,
  { progress, signal }: LockOptions,
  act: (lock: number) => Promise<T>,
): Promise<T> {
  makeDirectory(dirname(path));
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    for (let told = false; ; told = true) {
      signal?.throwIfAborted();
      const result = tryFlock(fd);
      if (result === 0) return await act(fd);
      if (result !== -Errno.EAGAIN && result !== -Errno.EINTR)
        throw new UsageError('cache directory', dirname(path), `cannot be locked (errno ${-result})`);
      if (!told) progress(`another stuckfs works on ${path.replace(/\.lock$/, '')}; waiting for it`);
      await pause(pauseMs, undefined, { signal });
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * The directory of an entry, made if it is not there.
 * @param make fills an empty directory; when it throws, nothing of it stays
 */
export async function cacheEntry(
  parent: string,
  name: string,
  options: LockOptions,
  make: (directory: string, lock: number) => Promise<void>,
): Promise<string> {
  const entry = join(parent, name);
  if (existsSync(entry)) return entry;
  return withLock(`${entry}.lock`, options, async (lock) => {
    if (existsSync(entry)) return entry;
    const unfinished = `${entry}.new`;
    // Whoever left it has died: we have the lock.
    rmSync(unfinished, { recursive: true, force: true });
    try {
      mkdirSync(unfinished, { mode: 0o700 });
      await make(unfinished, lock);
      renameSync(unfinished, entry);
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      if (isFullDisk(error)) throw new NoSpaceError(parent, undefined, { cause: error });
      throw error;
    }
    return entry;
  });
}
