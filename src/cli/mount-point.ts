/**
 * Whether a daemon may mount on a path, and which paths it may use beside, found out without touching any mount of ours.
 */
import { opendirSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { errnoName } from '../base/errno.js';
import { UsageError } from '../base/errors.js';
import { errnoOf } from '../kernel/kernel-file.js';
import { type MountEntry, readMountinfo } from '../kernel/mountinfo.js';
import { resolveOutsideMounts } from '../kernel/path-resolution.js';
import { isProcessRunning } from '../safety/process-condition.js';
import { listStateDirectories, stateRoot } from '../safety/state-directory.js';
import { isOurMount } from '../safety/stuck-mounts.js';
import { refuseUnservable } from '../store/backing/root-directory.js';

const field = 'MOUNTPOINT';

/** The absolute path, without symbolic links, of an empty directory that may be mounted on; throws UsageError. */
export function checkMountPoint(
  given: string,
  environment: NodeJS.ProcessEnv,
  entries: readonly MountEntry[] = readMountinfo(),
): string {
  if (given === '') throw new UsageError(field, given, 'give an empty directory');
  const found = resolveOutsideMounts(given, entries, isOurMount);
  if (found.kind === 'forbidden') throw occupied(given, entries, found.mount);
  if (found.kind === 'failed') throw failed(given, found.at, found.errno);
  refuseUnlessEmpty(given, found.path);
  refuseSecondDaemon(given, found.path, environment);
  return found.path;
}

/**
 * A path that the daemon will make a file at: absolute, and not on a mount of ours, where to make it is to hang.
 * Whether the file can be made is the daemon's to find out.
 */
export function checkOutsideMounts(
  option: string,
  given: string,
  entries: readonly MountEntry[] = readMountinfo(),
): string {
  if (given === '') throw new UsageError(option, given, 'give a path');
  const path = resolve(given);
  const found = resolveOutsideMounts(dirname(path), entries, isOurMount);
  if (found.kind === 'forbidden') {
    const where = found.mount.mountPoint;
    throw new UsageError(option, given, `lies on the stuckfs mount ${where}; give a path outside of it`);
  }
  return path;
}

/**
 * A directory to serve: absolute, without symbolic links.  On a mount of ours it would wait for that one's answers,
 * and around the mount point for its own; throws UsageError.
 */
export function checkBacking(
  given: string,
  mountPoint: string,
  entries: readonly MountEntry[] = readMountinfo(),
): string {
  const option = '--backing';
  if (given === '') throw new UsageError(option, given, 'give a directory');
  const found = resolveOutsideMounts(given, entries, isOurMount);
  if (found.kind === 'forbidden') {
    const where = found.mount.mountPoint;
    throw new UsageError(option, given, `lies on the stuckfs mount ${where}; give a directory outside of it`);
  }
  if (found.kind === 'failed') {
    const remedy = `${found.at}: ${errnoName(found.errno)}; give a directory that can be read`;
    throw new UsageError(option, given, remedy);
  }
  if (isAtOrBelow(mountPoint, found.path)) {
    throw new UsageError(option, given, `holds the mount point ${mountPoint}; give a directory beside it`);
  }
  refuseUnservable(found.path);
  return found.path;
}

function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

function occupied(given: string, entries: readonly MountEntry[], mount: MountEntry): UsageError {
  const parent = resolveOutsideMounts(dirname(resolve(given)), entries, isOurMount);
  const where = mount.mountPoint;
  if (parent.kind === 'forbidden') {
    return new UsageError(field, given, `lies on the stuckfs mount ${where}; give a directory outside of it`);
  }
  const remedy = `stuckfs unmount ${where}, or stuckfs rescue --mount ${where} when its daemon is gone`;
  return new UsageError(field, given, `is a stuckfs mount already; end that first: ${remedy}`);
}

function failed(given: string, at: string, errno: number): UsageError {
  const name = errnoName(errno);
  switch (name) {
    case 'ENOENT':
      return new UsageError(field, given, `${at} does not exist; make it first: mkdir -p`);
    case 'ENOTDIR':
      return new UsageError(field, given, `${at} is not a directory; give an empty directory`);
    case 'ENOTCONN':
      return new UsageError(
        field,
        given,
        `${at} is a mount whose server is gone (ENOTCONN); unmount it first`,
      );
    default:
      return new UsageError(field, given, `${at} cannot be reached (${name}); give an empty directory`);
  }
}

function refuseUnlessEmpty(given: string, path: string): void {
  let first: string | undefined;
  try {
    const directory = opendirSync(path);
    try {
      first = directory.readSync()?.name;
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    throw failed(given, path, errno);
  }
  if (first !== undefined) {
    throw new UsageError(field, given, `is not empty (${basename(first)} is in it); give an empty directory`);
  }
}

/** One that is about to mount there and is not in mountinfo yet. */
function refuseSecondDaemon(given: string, path: string, environment: NodeJS.ProcessEnv): void {
  const { readable } = listStateDirectories(stateRoot(environment));
  const other = readable.find(({ state }) => state.mountPoint === path && isProcessRunning(state));
  if (other === undefined) return;
  const { pid } = other.state;
  throw new UsageError(
    field,
    given,
    `another daemon (pid ${pid}) serves it or is about to; unmount it first`,
  );
}
