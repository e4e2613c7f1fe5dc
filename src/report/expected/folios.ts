/** What is expected of folios that cannot be split, without any server. */
import { type Expectation, moves } from './expectation.js';

const splits = 'migrate_pages_batch(): try_split_folio() (mm/migrate.c)';
const whole = 'compaction_alloc(): a free page of their order (mm/compaction.c)';

export const folios: readonly Expectation[] = [
  { scenario: 'dirty-large-folio', arm: 'control', variant: 'clean', outcome: 'migrated', decidedBy: splits },
  {
    scenario: 'dirty-large-folio',
    arm: 'control',
    variant: 'dirty-whole',
    outcome: 'migrated',
    decidedBy: splits,
  },
  {
    scenario: 'dirty-large-folio',
    arm: 'control',
    variant: 'clean-with-room',
    outcome: 'migrated',
    decidedBy: whole,
  },
  {
    scenario: 'dirty-large-folio',
    arm: 'control',
    variant: 'dirty-with-room',
    outcome: 'migrated',
    decidedBy: whole,
  },
  {
    scenario: 'dirty-large-folio',
    arm: 'fault',
    outcome: 'failed',
    decidedBy: 'iomap_release_folio(): a dirty folio keeps its state (fs/iomap/buffered-io.c)',
  },
  {
    scenario: 'min-order-folio',
    arm: 'control',
    variant: 'with-room',
    outcome: 'migrated',
    decidedBy: whole,
  },
  { scenario: 'min-order-folio', arm: 'control', outcome: 'migrated', decidedBy: splits },
  {
    scenario: 'min-order-folio',
    arm: 'fault',
    outcome: 'failed',
    decidedBy: '__folio_split(): not below mapping_min_folio_order() (mm/huge_memory.c)',
  },
  { scenario: 'hugetlb-unsplittable', arm: 'control', outcome: 'migrated', decidedBy: moves },
  {
    scenario: 'hugetlb-unsplittable',
    arm: 'fault',
    outcome: 'not-attempted',
    decidedBy: 'suitable_migration_source(): pageblock_skip_persistent() (mm/compaction.c)',
  },
].map((expected) => ({ trigger: 'compact', ...expected }) as Expectation);
