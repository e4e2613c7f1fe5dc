/**
 * `compact-node`: nodeN/compact of the nodes on which the stuck set lies; the other nodes are left alone.
 * Authority: compact_store() and compact_node() in mm/compaction.c (MIGRATE_SYNC, whole zones, skip hints ignored).
 */
import { existsSync } from 'node:fs';
import { Errno } from '../base/errno.js';
import { nodeOf } from '../kernel/numa-nodes.js';
import { readZoneinfo, type Zone } from '../kernel/zoneinfo.js';
import { probeWritable, writeValue } from '../syscall/write-value.js';
import type { Trigger } from './trigger.js';

const compactPath = (node: number) => `/sys/devices/system/node/node${node}/compact`;

/** The nodes that have these frames. */
export function nodesOf(pfns: Float64Array, zones: readonly Zone[]): number[] {
  const nodes = new Set<number>();
  for (const pfn of pfns) {
    const node = nodeOf(pfn, zones);
    if (node !== undefined) nodes.add(node);
  }
  return [...nodes].sort((a, b) => a - b);
}

export const compactNode: Trigger = {
  id: 'compact-node',
  description: 'nodeN/compact: compact every zone of the node of the stuck set, synchronously',
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'compaction',
  kernelFunction: 'compact_node',
  harmsHost: false,
  missing() {
    const node = readZoneinfo().find(({ managed }) => managed > 0)?.node ?? 0;
    const path = compactPath(node);
    if (!existsSync(path)) return `${path} is not there: needs CONFIG_NUMA and CONFIG_COMPACTION`;
    if (probeWritable(path) < 0)
      return `${path} cannot be opened for writing: needs root and a writable /sys`;
    return undefined;
  },
  pull({ stuckPfns }) {
    const nodes = nodesOf(stuckPfns, readZoneinfo());
    if (nodes.length === 0) return { result: -Errno.ENODEV };
    for (const node of nodes) {
      const result = writeValue(compactPath(node), '1');
      if (result < 0) return { result };
    }
    return { result: 0 };
  },
};
