/**
 * Triggers that empty a range of frames of the kernel's choice: alloc_contig_range() in MIGRATE_SYNC (mm/page_alloc.c).
 * Which ranges are tried, in which order, and whether one without the set is had first is for alloc_contig_pages() and
 * cma_alloc() to choose: an arm whose set was not reached is unknown, and nothing is expected of it.
 *
 * There are no expectations of clean folios, which those of a control arm are, and those of a kernel that writes back a
 * copy: reclaim_clean_pages_from_list() (mm/vmscan.c) drops them before migrate_pages() is called.  They are neither
 * where they were nor elsewhere, so no outcome says what became of them.
 */
import { type Expectation, waitsForWriteback } from './expectation.js';

/** A folio under writeback is not dropped (shrink_folio_list() activates it), and then is waited for. */
export const contiguousRanges: readonly Expectation[] = ['gigantic-alloc', 'cma-alloc'].map(
  (trigger): Expectation => ({
    scenario: 'writeback-held',
    trigger,
    arm: 'fault',
    feature: ['writebackInPlace', true],
    outcome: 'stalled',
    decidedBy: `__alloc_contig_migrate_range() (mm/page_alloc.c); ${waitsForWriteback}`,
  }),
);
