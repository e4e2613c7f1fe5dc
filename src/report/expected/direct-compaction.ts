/** What asks for huge pages: direct compaction in MIGRATE_ASYNC, then MIGRATE_SYNC_LIGHT (__alloc_pages_slowpath()). */
import { copies, type Expectation, hasReference, moves } from './expectation.js';

export const directCompaction: readonly Expectation[] = [
  'hugetlb-alloc',
  'thp-collapse',
  'thp-fault',
].flatMap((trigger): Expectation[] => [
  ...['healthy', 'writeback-held', 'readahead-withheld', 'splice-pinned'].map(
    (scenario): Expectation => ({
      scenario,
      trigger,
      arm: 'control',
      outcome: 'migrated',
      decidedBy: moves,
    }),
  ),
  {
    scenario: 'writeback-held',
    trigger,
    arm: 'fault',
    feature: ['writebackInPlace', true],
    outcome: 'not-attempted',
    decidedBy: 'isolate_migratepages_block(): none under writeback but in MIGRATE_SYNC (mm/compaction.c)',
  },
  {
    scenario: 'writeback-held',
    trigger,
    arm: 'fault',
    feature: ['writebackInPlace', false],
    outcome: 'migrated',
    decidedBy: copies,
  },
  {
    scenario: 'readahead-withheld',
    trigger,
    arm: 'fault',
    outcome: 'failed',
    decidedBy: 'migrate_folio_unmap(): locked and not up to date, in MIGRATE_SYNC_LIGHT (mm/migrate.c)',
  },
  {
    scenario: 'splice-pinned',
    trigger,
    arm: 'fault',
    feature: ['writebackInPlace', true],
    outcome: 'failed',
    decidedBy: hasReference,
  },
]);
