/**
 * `compact`: vm.compact_memory, compaction of every zone of every node.
 * Authority: compact_nodes() and compact_node() in mm/compaction.c (MIGRATE_SYNC, whole zones, skip hints ignored).
 */
import { close, OpenFlag, open, write } from '../syscall/file.js';
import type { Trigger } from './trigger.js';

const path = '/proc/sys/vm/compact_memory';

export const compact: Trigger = {
  id: 'compact',
  description: 'vm.compact_memory: compact every zone, synchronously',
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'compaction',
  kernelFunction: 'compact_node',
  harmsHost: false,
  missing() {
    const fd = open(path, OpenFlag.O_WRONLY | OpenFlag.O_CLOEXEC);
    if (fd < 0)
      return `${path} cannot be opened for writing: needs root, CONFIG_COMPACTION and a writable /proc/sys`;
    close(fd);
    return undefined;
  },
  pull() {
    const fd = open(path, OpenFlag.O_WRONLY | OpenFlag.O_CLOEXEC);
    if (fd < 0) return { result: fd };
    const written = write(fd, Buffer.from('1'));
    close(fd);
    return { result: Math.min(written, 0) };
  },
};
