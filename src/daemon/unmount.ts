/**
 * Takes the daemon's own mount away, and only that: what somebody mounted over it stays, and so does ours then.
 * Knows nothing of faults; what is held has been released before.
 */

import { describeField } from '../base/errors.js';
import { ControlError } from '../control/contract/errors.js';
import { type Machine, thisMachine } from '../safety/machine.js';
import { mountOnTop, unmountOurs } from '../safety/unmount.js';
import { UMOUNT_NOFOLLOW, umount2Async } from '../syscall/mount.js';

export interface UnmountTarget {
  readonly mountPoint: string;
  /** "MAJOR:MINOR" */
  readonly device: string;
}

export interface UnmountMeans {
  readonly machine: Machine;
  /** 0, or another number where it failed: the errno is another thread's. */
  readonly umount: (target: string, flags: number) => Promise<number>;
}

/**
 * @returns whether a mount in use was detached: its connection is then to be aborted
 * @throws {ControlError} CONFLICT for a mount that is in use, or under another
 */
export async function unmountOwn(
  { mountPoint, device }: UnmountTarget,
  force: boolean,
  { machine, umount }: UnmountMeans = { machine: thisMachine, umount: umount2Async },
): Promise<'unmounted' | 'detached'> {
  const look = () => mountOnTop(mountPoint, device, machine);
  refuseCovered(mountPoint, look());
  if (look().kind === 'ours') {
    // Not on this thread, whose heartbeat must go on: the end of a FUSE mount aborts the connection and then waits
    // for requests that the serving thread is just then copying (fuse_conn_destroy() in fs/fuse/inode.c), and the
    // lock of the mount namespace may be held by somebody who waits for us.
    if ((await umount(mountPoint, UMOUNT_NOFOLLOW)) === 0) return 'unmounted';
    refuseCovered(mountPoint, look());
  }
  // In use, or detached by somebody else while in use: the connection lives.
  if (!force) throw conflict('force', false, `${mountPoint} is busy; close what uses it, or use --force`);
  const { ok, detail } = unmountOurs(mountPoint, device, machine);
  if (!ok) throw new ControlError('INTERNAL', detail);
  return 'detached';
}

function refuseCovered(mountPoint: string, top: ReturnType<typeof mountOnTop>): void {
  if (top.kind !== 'covered') return;
  throw conflict('mountPoint', mountPoint, `${top.by} is mounted over it; unmount that first`);
}

function conflict(field: string, value: unknown, remedy: string): ControlError {
  return new ControlError('CONFLICT', describeField(field, value, remedy), { field, value });
}
