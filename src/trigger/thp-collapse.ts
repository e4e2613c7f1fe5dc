/**
 * `thp-collapse`: MADV_COLLAPSE of anonymous memory, a huge page for each region: direct compaction, MIGRATE_ASYNC
 * first, then MIGRATE_SYNC_LIGHT.
 * Authority: madvise_collapse() and alloc_charge_folio() in mm/khugepaged.c (6.1).
 */
import * as memory from '../syscall/memory.js';
import { missingForHugePages, obtainHugePages } from './huge-regions.js';
import type { Trigger } from './trigger.js';

export const thpCollapse: Trigger = {
  id: 'thp-collapse',
  description: 'MADV_COLLAPSE: direct compaction for each huge page',
  migrateModes: ['MIGRATE_ASYNC', 'MIGRATE_SYNC_LIGHT'],
  migrateReason: 'compaction',
  kernelFunction: 'madvise_collapse',
  harmsHost: false,
  allocatesHugePages: true,
  keepsUntilEnd: true,
  missing: missingForHugePages,
  pull: (target) =>
    obtainHugePages(
      target,
      (address, bytes) => {
        // One base page is there to be collapsed.
        memory.madvise(address, bytes, memory.MADV_NOHUGEPAGE);
        memory.madvise(address, memory.PAGE_SIZE, memory.MADV_POPULATE_WRITE);
        memory.madvise(address, bytes, memory.MADV_HUGEPAGE);
      },
      (address, bytes) => memory.madvise(address, bytes, memory.MADV_COLLAPSE) === 0,
    ),
};
