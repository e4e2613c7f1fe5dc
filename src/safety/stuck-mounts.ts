/**
 * Where our filesystem is mounted, in every mount namespace that some process lives in, and who else has a device.
 * Device numbers are given out again, so a recorded one is believed only as far as this agrees.
 * Reads mountinfo only; no mount is touched.
 */
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../kernel/kernel-file.js';
import { type MountEntry, readMountinfo } from '../kernel/mountinfo.js';
import { listPids } from '../kernel/processes.js';

/** The type that mountinfo shows for our mounts. */
const ourFsType = 'fuse.stuckfs';

export function isOurMount(entry: MountEntry): boolean {
  return entry.fsType === ourFsType;
}

export function deviceOf(entry: Pick<MountEntry, 'major' | 'minor'>): string {
  return `${entry.major}:${entry.minor}`;
}

export interface ForeignMount {
  /** Some process in the namespace. */
  readonly pid: number;
  readonly entry: MountEntry;
}

export interface MountView {
  readonly entries: readonly MountEntry[];
  /** Of the other mount namespaces. */
  readonly foreign: readonly ForeignMount[];
}

export function readMountView(root: string): MountView {
  const entries = readMountinfo(root);
  const seen = new Set([namespaceOf('self', root)]);
  const foreign: ForeignMount[] = [];
  for (const pid of listPids(root)) {
    const namespace = namespaceOf(pid, root);
    if (namespace === undefined || seen.has(namespace)) continue;
    try {
      for (const entry of readMountinfo(root, pid)) foreign.push({ pid, entry });
      seen.add(namespace);
    } catch (error) {
      // It ended, or it may not be looked at: another process of its namespace will do.
      if (errnoOf(error) === undefined) throw error;
    }
  }
  return { entries, foreign };
}

function namespaceOf(pid: number | 'self', root: string): string | undefined {
  try {
    return readlinkSync(join(root, `/proc/${pid}/ns/mnt`));
  } catch {
    return undefined;
  }
}

export interface RecordedMount {
  readonly mountPoint?: string | undefined;
  readonly device?: string | undefined;
  readonly connection?: number | undefined;
}

/**
 * Whether the device of a recorded mount is still that mount's, somebody else's by now, or mounted nowhere that can
 * be seen.  Minors are given out again, also to the next stuckfs: of ours is only what lies where it was mounted.
 */
export function useOfDevice(recorded: RecordedMount, view: MountView): 'ours' | 'other' | 'none' {
  const { mountPoint, device = `0:${recorded.connection}` } = recorded;
  const mounts = [...view.entries, ...view.foreign.map(({ entry }) => entry)];
  const there = mounts.filter((entry) => deviceOf(entry) === device);
  const isRecorded = (entry: MountEntry): boolean =>
    isOurMount(entry) && (mountPoint === undefined || entry.mountPoint === mountPoint);
  if (there.some(isRecorded)) return 'ours';
  return there.length > 0 ? 'other' : 'none';
}
