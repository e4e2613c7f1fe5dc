/**
 * `compact`: vm.compact_memory, compaction of every zone of every node.
 * Authority: compact_nodes() and compact_node() in mm/compaction.c (MIGRATE_SYNC, whole zones, skip hints ignored).
 */
import { probeWritable, writeValue } from '../syscall/write-value.js';
import type { Trigger } from './trigger.js';

const path = '/proc/sys/vm/compact_memory';

export const compact: Trigger = {
  id: 'compact',
  description: 'vm.compact_memory: compact every zone, synchronously',
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'compaction',
  kernelFunction: 'compact_node',
  harmsHost: false,
  missing: () =>
    probeWritable(path) < 0
      ? `${path} cannot be opened for writing: needs root, CONFIG_COMPACTION and a writable /proc/sys`
      : undefined,
  pull: () => ({ result: writeValue(path, '1') }),
};
