/**
 * /sys/fs/fuse/connections/N: the control filesystem of FUSE.
 * Reads only, and never touches the mount that a connection serves; who wants to abort opens abortPath itself.
 * Authority: fs/fuse/control.c, Documentation/filesystems/fuse.rst.
 */
import { isMissing, listKernelDirectory, parseCount, readKernelFile } from './kernel-file.js';
import type { MountEntry } from './mountinfo.js';

const connections = '/sys/fs/fuse/connections';

export interface FuseConnection {
  /** The name of the directory. */
  readonly id: number;
  /** Requests that are queued or sent and not answered yet. */
  readonly waiting: number;
  readonly maxBackground?: number;
  readonly congestionThreshold?: number;
}

/** The mount of fusectl among `entries`; undefined where it is not mounted, so that no connection is seen. */
export function findFusectlMount(entries: readonly MountEntry[]): MountEntry | undefined {
  return entries.find((entry) => entry.fsType === 'fusectl' && entry.mountPoint === connections);
}

/** The connection's number: its s_dev as the kernel keeps it, which for an anonymous device is the minor. */
export function fuseConnectionId(device: { readonly major: number; readonly minor: number }): number {
  return device.major * 2 ** 20 + device.minor;
}

/** Writing anything to this file ends the connection, and frees everybody who waits for it. */
export function fuseAbortPath(id: number): string {
  return `${connections}/${id}/abort`;
}

/** The numbers of the connections that fusectl shows, ascending; none where it is not mounted. */
export function listFuseConnections(root = '/'): number[] {
  let names: string[];
  try {
    names = listKernelDirectory(connections, root);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** One connection's counters; the two limits are absent where their files are. */
export function readFuseConnection(id: number, root = '/'): FuseConnection {
  const maxBackground = readNumber(id, 'max_background', root);
  const congestionThreshold = readNumber(id, 'congestion_threshold', root);
  return {
    id,
    waiting: readFuseWaiting(id, root),
    ...(maxBackground === undefined ? {} : { maxBackground }),
    ...(congestionThreshold === undefined ? {} : { congestionThreshold }),
  };
}

/** Requests of the connection that are queued or sent and not answered yet. */
export function readFuseWaiting(id: number, root = '/'): number {
  const file = `${connections}/${id}/waiting`;
  return parseCount(readKernelFile(file, root).trim(), file, 1, 'the number of waiting requests');
}

function readNumber(id: number, name: string, root: string): number | undefined {
  const file = `${connections}/${id}/${name}`;
  try {
    return parseCount(readKernelFile(file, root).trim(), file, 1, name);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
