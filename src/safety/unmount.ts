/**
 * Lazy unmount of what is ours and only of that, without a look at the mount itself.
 * Authority: umount2(2): MNT_DETACH never waits for the server, and UMOUNT_NOFOLLOW follows no link at the end.
 */
import { Errno, errnoName } from '../base/errno.js';
import { findMount, readMountinfo } from '../kernel/mountinfo.js';
import { MNT_DETACH, UMOUNT_NOFOLLOW } from '../syscall/mount.js';
import type { Machine } from './machine.js';
import { deviceOf, isOurMount } from './stuck-mounts.js';

export interface UnmountOutcome {
  readonly ok: boolean;
  readonly detail: string;
}

export type MountOnTop =
  | { readonly kind: 'ours' }
  | { readonly kind: 'none' }
  /** Ours is there, under something else. @param by its type */
  | { readonly kind: 'covered'; readonly by: string };

/** What umount2(mountPoint) would meet. @param device `major:minor` of our mount */
export function mountOnTop(mountPoint: string, device: string, machine: Machine): MountOnTop {
  const entries = readMountinfo(machine.root);
  const hasDevice = (entry: (typeof entries)[number]) => isOurMount(entry) && deviceOf(entry) === device;
  if (!entries.some((entry) => entry.mountPoint === mountPoint && hasDevice(entry))) return { kind: 'none' };
  const top = findMount(entries, mountPoint);
  if (top !== undefined && hasDevice(top)) return { kind: 'ours' };
  return { kind: 'covered', by: top?.fsType ?? 'something' };
}

/** @param device `major:minor`: what else may be mounted there by now is left alone */
export function unmountOurs(mountPoint: string, device: string, machine: Machine): UnmountOutcome {
  const top = mountOnTop(mountPoint, device, machine);
  if (top.kind === 'none') return { ok: true, detail: 'not mounted' };
  if (top.kind === 'covered') return { ok: false, detail: `${top.by} is mounted over it at ${mountPoint}` };
  const result = machine.umount2(mountPoint, MNT_DETACH | UMOUNT_NOFOLLOW);
  // Somebody else who cleans up was faster.
  if (result === -Errno.EINVAL && mountOnTop(mountPoint, device, machine).kind === 'none')
    return { ok: true, detail: 'not mounted' };
  return result < 0
    ? { ok: false, detail: `${mountPoint} cannot be unmounted (${errnoName(-result)})` }
    : { ok: true, detail: `${mountPoint} unmounted` };
}
