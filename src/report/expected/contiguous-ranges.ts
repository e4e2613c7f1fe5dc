/**
 * Triggers that empty a range of frames of the kernel's choice: alloc_contig_range() in MIGRATE_SYNC (mm/page_alloc.c).
 * Which ranges are tried, in which order, and whether one without the set is had first is for alloc_contig_pages() and
 * cma_alloc() to choose: an arm whose set was not reached is unknown.
 *
 * Clean folios are dropped before migrate_pages() is called, but for those that are not evictable
 * (reclaim_clean_pages_from_list() in mm/vmscan.c): the sets are locked in memory, and so they move.
 */
import { controlsMove, type Expectation, underWriteback, waitsForWriteback } from './expectation.js';

/** Nor is a folio under writeback dropped (shrink_folio_list() activates it): it is waited for. */
export const contiguousRanges: readonly Expectation[] = ['gigantic-alloc', 'cma-alloc'].flatMap((trigger) => [
  ...controlsMove(trigger, ['writeback-held']),
  ...underWriteback(trigger, 'writeback-held', {
    outcome: 'stalled',
    decidedBy: `__alloc_contig_migrate_range() (mm/page_alloc.c); ${waitsForWriteback}`,
  }),
]);
