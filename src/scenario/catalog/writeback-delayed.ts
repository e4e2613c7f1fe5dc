/**
 * `writeback-delayed`: each WRITE is answered, but late, by a time that differs from arm to arm.  What the
 * trigger waits is then a function of the server's delay: a line of slope 1, since MIGRATE_SYNC waits for
 * writeback without a limit of its own (migrate_folio_unmap() in mm/migrate.c).
 */
import type { ArmDesign, Scenario } from '../scenario.js';
import { control, everyOfStuck, waitsForWriteback } from './shared-arms.js';

const delaysMs = [250, 500, 1000, 2000, 4000];

function delayedWrites(delayMs: number): ArmDesign {
  return {
    kind: 'fault',
    variant: `${delayMs}ms`,
    workload: 'write',
    misbehaviour: {
      kind: 'delay',
      delayMs,
      faults: everyOfStuck('FUSE_WRITE', {
        type: 'delay',
        distribution: { kind: 'fixed', ms: delayMs },
      }),
    },
    stuckBy: 'writeback',
    waitsIn: waitsForWriteback,
  };
}

export const writebackDelayed: Scenario = {
  id: 'writeback-delayed',
  description: 'WRITE replies delayed: the stall as a function of the delay',
  stuck: 'page-cache folios under writeback (PG_writeback), for as long as the delay',
  triggers: ['compact'],
  transports: ['dev-fuse'],
  needs: 'the writeback cache',
  arms: [control('write'), ...delaysMs.map(delayedWrites)],
};
