/**
 * `readahead-withheld`: the READs of readahead are not answered, so their folios stay locked and not up to date.
 * MIGRATE_SYNC waits for the folio lock in migrate_folio_unmap() (mm/migrate.c).  Two ways to it: advice of the
 * reader (POSIX_FADV_WILLNEED), and a plain sequential read(2) that waits itself.
 */
import type { ArmDesign, Scenario, WorkloadKind } from '../scenario.js';
import { control, everyOfStuck, withAndWithout } from './shared-arms.js';

function heldReads(variant: string, workload: WorkloadKind): ArmDesign {
  return {
    kind: 'fault',
    variant,
    workload,
    misbehaviour: {
      kind: 'faults',
      faults: everyOfStuck('FUSE_READ', { type: 'hold' }),
    },
    stuckBy: 'lock',
    waitsIn: '__folio_lock',
  };
}

export const readaheadWithheld: Scenario = {
  id: 'readahead-withheld',
  description: 'readahead whose READ replies are withheld',
  stuck: 'page-cache folios that are locked and not up to date (PG_locked)',
  triggers: ['compact', 'compact-node'],
  transports: ['dev-fuse'],
  needs: 'READs of readahead that can be told apart by file and offset',
  arms: [
    control('read-ahead'),
    ...withAndWithout(
      heldReads('fadvise', 'read-ahead'),
      'release',
      'abort',
      'kill-server',
      'request-timeout',
    ),
    heldReads('sequential', 'read-sequential'),
  ],
};
