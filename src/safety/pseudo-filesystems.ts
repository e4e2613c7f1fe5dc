/**
 * tracefs and fusectl at their usual places, where some stuckfs mounted them: found by their source, also what
 * crashed processes left and no ledger tells of any more, and taken away again.
 * Authority: Documentation/trace/ftrace.rst, Documentation/filesystems/fuse.rst.
 */
import { Errno, errnoName } from '../base/errno.js';
import { StuckfsError } from '../base/errors.js';
import { findMount, type MountEntry, readMountinfo } from '../kernel/mountinfo.js';
import { MountFlag, UMOUNT_NOFOLLOW } from '../syscall/mount.js';
import { ourMountSource, type PseudoFsType, pseudoMountPoints } from './ledger-records.js';
import type { Machine } from './machine.js';

/** The pseudo filesystems that some stuckfs mounted and that are still there. */
export function findOurPseudoMounts(entries: readonly MountEntry[]): MountEntry[] {
  return Object.entries(pseudoMountPoints)
    .map(([fsType, target]) => {
      const there = findMount(entries, target);
      return there?.fsType === fsType && there.source === ourMountSource ? there : undefined;
    })
    .filter((entry) => entry !== undefined);
}

/** It is not mounted, and cannot be. */
export class PseudoMountError extends StuckfsError {
  override readonly code = 'PSEUDO_MOUNT';
}

/**
 * Mounts it at its usual place unless it is there, without a ledger: it is found again by its source.
 * @returns whether this mounted it
 * @throws {PseudoMountError}
 */
export function ensureMounted(fsType: PseudoFsType, machine: Machine): boolean {
  const target = pseudoMountPoints[fsType];
  const isThere = () => findMount(readMountinfo(machine.root), target)?.fsType === fsType;
  if (isThere()) return false;
  const flags = MountFlag.MS_NOSUID | MountFlag.MS_NODEV | MountFlag.MS_NOEXEC;
  const result = machine.mount(ourMountSource, target, fsType, flags, '');
  // Somebody else may have been faster.
  if (result < 0 && !isThere())
    throw new PseudoMountError(`${target}: ${fsType} cannot be mounted (${errnoName(-result)})`);
  return result === 0;
}

export function unmountPseudo(entry: MountEntry, machine: Machine): { ok: boolean; detail: string } {
  const result = machine.umount2(entry.mountPoint, UMOUNT_NOFOLLOW);
  if (result === -Errno.EBUSY)
    return { ok: true, detail: `${entry.mountPoint} left, as somebody uses it (EBUSY)` };
  if (result === -Errno.EINVAL && findMount(readMountinfo(machine.root), entry.mountPoint) === undefined)
    return { ok: true, detail: `${entry.mountPoint} was unmounted by another` };
  if (result < 0)
    return { ok: false, detail: `${entry.mountPoint} cannot be unmounted (${errnoName(-result)})` };
  return { ok: true, detail: `${entry.mountPoint} unmounted` };
}

/**
 * Has the filesystem mounted at its usual place for as long as `act` takes: what is made in it outlives the mount.
 * The ledger lock is the caller's, so that no other stuckfs of this state root begins to use a mount that is about to go.
 * @throws {PseudoMountError} where `act` would look at an empty directory
 */
export function whileMounted<T>(fsType: PseudoFsType, machine: Machine, act: () => T): T {
  const mounted = ensureMounted(fsType, machine);
  try {
    return act();
  } finally {
    if (mounted) machine.umount2(pseudoMountPoints[fsType], UMOUNT_NOFOLLOW);
  }
}
