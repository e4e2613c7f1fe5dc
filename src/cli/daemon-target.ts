/**
 * Which daemon a command talks to: the one that the user names, or the only one that runs.
 * Mount points are compared as text with state directories and mountinfo and are never touched: to look at a
 * wedged mount is to hang.
 */
import { resolve } from 'node:path';
import { describeField, UsageError } from '../base/errors.js';
import { type ControlClient, connect } from '../control/client/client.js';
import { ControlError } from '../control/contract/errors.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { resolveOutsideMounts } from '../kernel/path-resolution.js';
import { isProcessRunning } from '../safety/process-condition.js';
import type { State } from '../safety/state.js';
import { listStateDirectories, stateRoot } from '../safety/state-directory.js';
import { isOurMount } from '../safety/stuck-mounts.js';
import type { CommandContext } from './command.js';
import type { TargetOptions } from './target-options.js';

/** A client of the daemon that is meant. Throws UsageError, or ControlError NO_DAEMON. */
export async function connectToDaemon(
  options: TargetOptions,
  { environment, log }: CommandContext,
): Promise<ControlClient> {
  const socketPath = socketOf(options, environment);
  log?.debug({ socketPath }, 'control socket');
  return connect({ socketPath });
}

/** The control socket of the daemon that is meant. */
function socketOf(options: TargetOptions, environment: NodeJS.ProcessEnv): string {
  const { mount, socket, mountField = '--mount' } = options;
  const { STUCKFS_SOCKET: fromEnvironment } = environment;
  if (mount !== undefined && socket !== undefined) {
    throw new UsageError(
      '--socket',
      socket,
      `names a daemon, and so does --mount ${mount}: give one of them`,
    );
  }
  if (socket !== undefined) return socket;
  if (mount !== undefined) return socketOfMount(mount, mountField, environment);
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment;
  return socketOfTheOnlyOne(environment);
}

interface Daemon {
  readonly mountPoint: string;
  readonly pid: number;
  readonly socketPath: string;
}

/** The mount point as the kernel has it, of a path that a user gave for a mount of ours, or for what was one. */
export function mountPointNamed(path: string, environment: NodeJS.ProcessEnv, field = '--mount'): string {
  if (path === '') throw new UsageError(field, path, 'give the directory that stuckfs is mounted on');
  const found = resolveOutsideMounts(path, readMountinfo(), isOurMount);
  switch (found.kind) {
    case 'forbidden':
      return found.mount.mountPoint;
    case 'resolved':
      return found.path;
    case 'failed': {
      // The directory may be gone while what served it is not.
      const asGiven = resolve(path);
      const { readable } = listStateDirectories(stateRoot(environment));
      if (readable.some(({ state }) => state.mountPoint === asGiven)) return asGiven;
      throw new UsageError(
        field,
        path,
        `nothing is mounted there, as ${found.at} cannot be reached; give a mount point of stuckfs`,
      );
    }
  }
}

function socketOfMount(path: string, field: string, environment: NodeJS.ProcessEnv): string {
  const mountPoint = mountPointNamed(path, environment, field);
  const { daemons, dead, unread } = lookForDaemons(environment);
  const daemon = daemons.find((one) => one.mountPoint === mountPoint);
  if (daemon !== undefined) return daemon.socketPath;
  const corpse = dead.find((state) => state.mountPoint === mountPoint);
  const isMounted = readMountinfo().some((entry) => isOurMount(entry) && entry.mountPoint === mountPoint);
  if (corpse !== undefined || isMounted) {
    const who = corpse === undefined ? 'no daemon is known for it' : `its daemon (pid ${corpse.pid}) is dead`;
    throw noDaemon(field, path, `${who}; run stuckfs rescue --mount ${mountPoint}${unread}`);
  }
  const known = daemons.map((one) => one.mountPoint).join(', ');
  const remedy = known === '' ? 'no daemon runs; stuckfs mount starts one' : `mounted are: ${known}`;
  throw new UsageError(field, path, `is no stuckfs mount; ${remedy}${unread}`);
}

function socketOfTheOnlyOne(environment: NodeJS.ProcessEnv): string {
  const { daemons, unread } = lookForDaemons(environment);
  const [daemon, ...others] = daemons;
  if (daemon === undefined) {
    const remedy = `no stuckfs daemon runs; start one with stuckfs mount MOUNTPOINT${unread}`;
    throw noDaemon('--mount', undefined, remedy);
  }
  if (others.length > 0) {
    const known = daemons.map((one) => one.mountPoint).join(', ');
    throw new UsageError('--mount', undefined, `${daemons.length} daemons run; give one of: ${known}`);
  }
  return daemon.socketPath;
}

interface Found {
  readonly daemons: readonly Daemon[];
  readonly dead: readonly State[];
  /** What to add to a message when some state directories could not be read; else empty. */
  readonly unread: string;
}

function lookForDaemons(environment: NodeJS.ProcessEnv): Found {
  const { readable, broken } = listStateDirectories(stateRoot(environment));
  const daemons: Daemon[] = [];
  const dead: State[] = [];
  for (const { state } of readable) {
    if (state.kind !== 'mount') continue;
    const { mountPoint, socketPath, pid } = state;
    if (!isProcessRunning(state)) dead.push(state);
    else if (mountPoint !== undefined && socketPath !== undefined)
      daemons.push({ mountPoint, pid, socketPath });
  }
  const unread = broken.map(({ path, reason }) => (reason.startsWith(path) ? reason : `${path}: ${reason}`));
  return { daemons, dead, unread: unread.length === 0 ? '' : ` (not looked at: ${unread.join('; ')})` };
}

function noDaemon(field: string, value: unknown, remedy: string): ControlError {
  return new ControlError('NO_DAEMON', describeField(field, value, remedy), { field, value });
}
