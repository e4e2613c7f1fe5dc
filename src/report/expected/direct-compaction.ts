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
    decidedBy: 'migrate_folio_unmap(): locked and not up to date, in MIGRATE_SYNC_LIGHT (mm/migrate.c)',
  },
  ...underWriteback(trigger, 'splice-pinned', { outcome: 'failed', decidedBy: hasReference }),
]);
