/** What asks for huge pages: direct compaction in MIGRATE_ASYNC, then MIGRATE_SYNC_LIGHT (__alloc_pages_slowpath()). */
import { controlsMove, type Expectation, hasReference, underWriteback } from './expectation.js';

export const directCompaction: readonly Expectation[] = [
  'hugetlb-alloc',
  'thp-collapse',
  'thp-fault',
].flatMap((trigger): Expectation[] => [
  ...controlsMove(trigger, ['healthy', 'writeback-held', 'readahead-withheld', 'splice-pinned']),
  ...underWriteback(trigger, 'writeback-held', {
    outcome: 'not-attempted',
    decidedBy: 'isolate_migratepages_block(): none under writeback but in MIGRATE_SYNC (mm/compaction.c)',
  }),
  {
    scenario: 'readahead-withheld',
    trigger,
    arm: 'fault',
    outcome: 'failed',
    decidedBy:
      'migrate_folio_unmap(): locked, and direct compaction (PF_MEMALLOC) waits for no lock ' +
      '(mm/migrate.c; __unmap_and_move() in older kernels)',
  },
  ...underWriteback(trigger, 'splice-pinned', { outcome: 'failed', decidedBy: hasReference }),
]);
