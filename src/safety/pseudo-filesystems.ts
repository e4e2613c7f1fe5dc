/**
 * tracefs and fusectl at their usual places: ensured through the ledger, and taken away again only where we
 * mounted them.  Also what crashed processes mounted and no ledger tells of any more.
 * Authority: Documentation/trace/ftrace.rst, Documentation/filesystems/fuse.rst.
 */
import { Errno, errnoName } from '../base/errno.js';
import { findMount, type MountEntry } from '../kernel/mountinfo.js';
import { MountFlag, UMOUNT_NOFOLLOW } from '../syscall/mount.js';
import type { Ledger } from './ledger.js';
import { ourMountSource, type PseudoFsType, pseudoMountPoints } from './ledger-records.js';
import type { Machine } from './machine.js';

/** Whether each is ours to unmount, or was there before. */
export function ensurePseudoFilesystems(
  ledger: Ledger,
): Readonly<Record<'tracefs' | 'fusectl', 'ours' | 'present'>> {
  return { tracefs: ledger.mountPseudo('tracefs'), fusectl: ledger.mountPseudo('fusectl') };
}

/** The pseudo filesystems that some stuckfs mounted and that are still there. */
export function findOurPseudoMounts(entries: readonly MountEntry[]): MountEntry[] {
  return Object.entries(pseudoMountPoints)
    .map(([fsType, target]) => {
      const there = findMount(entries, target);
      return there?.fsType === fsType && there.source === ourMountSource ? there : undefined;
    })
    .filter((entry) => entry !== undefined);
}

/** For a rescue, which keeps no ledger: what it mounts is found again by its source. 0 or -errno. */
export function mountWithoutLedger(fsType: PseudoFsType, machine: Machine): number {
  const flags = MountFlag.MS_NOSUID | MountFlag.MS_NODEV | MountFlag.MS_NOEXEC;
  return machine.mount(ourMountSource, pseudoMountPoints[fsType], fsType, flags, '');
}

export function unmountPseudo(entry: MountEntry, machine: Machine): { ok: boolean; detail: string } {
  const result = machine.umount2(entry.mountPoint, UMOUNT_NOFOLLOW);
  if (result === -Errno.EBUSY)
    return { ok: true, detail: `${entry.mountPoint} left, as somebody uses it (EBUSY)` };
  if (result < 0)
    return { ok: false, detail: `${entry.mountPoint} cannot be unmounted (${errnoName(-result)})` };
  return { ok: true, detail: `${entry.mountPoint} unmounted` };
}
