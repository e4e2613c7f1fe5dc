/**
 * Triggers that ask for the stuck folios themselves, by address or by frame, in MIGRATE_SYNC (mm/migrate.c,
 * mm/mempolicy.c, mm/memory_hotplug.c, mm/memory-failure.c).
 */
import {
  controlsMove,
  type Expectation,
  hasReference,
  underWriteback,
  waitsForWriteback,
} from './expectation.js';

/** Callers of migrate_pages() in MIGRATE_SYNC that are told what to move: they wait, and fail, as compaction does. */
export const askedMoves: readonly Expectation[] = [
  ['move-pages', waitsForWriteback],
  ['migrate-pages', waitsForWriteback],
  ['mbind', waitsForWriteback],
  ['offline', waitsForWriteback],
  ['dimm-unplug', `offline_pages() for acpi_scan_hot_remove(); ${waitsForWriteback}`],
  ['soft-offline', 'soft_offline_in_use_page(): folio_wait_writeback() (mm/memory-failure.c)'],
].flatMap(([trigger = '', waits = '']): Expectation[] => [
  ...controlsMove(trigger, ['healthy', 'writeback-held', 'writeback-held-mmap', 'splice-pinned']),
  ...['writeback-held', 'writeback-held-mmap'].flatMap((scenario) =>
    underWriteback(trigger, scenario, { outcome: 'stalled', decidedBy: waits }),
  ),
  ...underWriteback(trigger, 'splice-pinned', {
    outcome: 'failed',
    decidedBy:
      trigger === 'offline' || trigger === 'dimm-unplug'
        ? `${hasReference}; offline_pages() goes on until it is gone`
        : hasReference,
  }),
]);
