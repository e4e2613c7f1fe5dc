/**
 * Triggers that ask for the stuck folios themselves, by address or by frame, in MIGRATE_SYNC (mm/migrate.c,
 * mm/mempolicy.c, mm/memory_hotplug.c, mm/memory-failure.c).
 */
import { copies, type Expectation, hasReference, moves, waitsForWriteback } from './expectation.js';

/** Callers of migrate_pages() in MIGRATE_SYNC that are told what to move: they wait, and fail, as compaction does. */
export const askedMoves: readonly Expectation[] = [
  ['move-pages', waitsForWriteback],
  ['migrate-pages', waitsForWriteback],
  ['mbind', waitsForWriteback],
  ['offline', waitsForWriteback],
  ['soft-offline', 'soft_offline_in_use_page(): folio_wait_writeback() (mm/memory-failure.c)'],
].flatMap(([trigger = '', waits = '']) => [
  ...['healthy', 'writeback-held', 'writeback-held-mmap', 'splice-pinned'].map(
    (scenario): Expectation => ({
      scenario,
      trigger,
      arm: 'control',
      outcome: 'migrated',
      decidedBy: moves,
    }),
  ),
  ...['writeback-held', 'writeback-held-mmap'].flatMap((scenario): Expectation[] => [
    {
      scenario,
      trigger,
      arm: 'fault',
      feature: ['writebackInPlace', true],
      outcome: 'stalled',
      decidedBy: waits,
    },
    {
      scenario,
      trigger,
      arm: 'fault',
      feature: ['writebackInPlace', false],
      outcome: 'migrated',
      decidedBy: copies,
    },
  ]),
  // offline_pages() has no failure of its own: it goes on until the reference is gone.
  ...(trigger === 'offline'
    ? []
    : [
        {
          scenario: 'splice-pinned',
          trigger,
          arm: 'fault',
          feature: ['writebackInPlace', true],
          outcome: 'failed',
          decidedBy: hasReference,
        } as const,
      ]),
]);
