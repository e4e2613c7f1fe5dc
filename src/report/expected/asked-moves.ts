/** `move-pages`, `migrate-pages`, `mbind`: folios that are asked for by address, in MIGRATE_SYNC (mm/migrate.c, mm/mempolicy.c). */
import { copies, type Expectation, hasReference, moves, waitsForWriteback } from './expectation.js';

/** Callers of migrate_pages() in MIGRATE_SYNC that are told what to move: they wait, and fail, as compaction does. */
export const askedMoves: readonly Expectation[] = ['move-pages', 'migrate-pages', 'mbind'].flatMap(
  (trigger) => [
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
        decidedBy: waitsForWriteback,
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
    {
      scenario: 'splice-pinned',
      trigger,
      arm: 'fault',
      feature: ['writebackInPlace', true],
      outcome: 'failed',
      decidedBy: hasReference,
    },
  ],
);
