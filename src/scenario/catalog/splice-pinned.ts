/**
 * `splice-pinned`: the server takes WRITEs by splice(2), answers them, and leaves the data in its pipes.  The
 * folios are clean and not under writeback, but each has a reference more than migration expects
 * (folio_migrate_mapping() in mm/migrate.c): it is tried, fails, and is tried again, until the pipes are drained.
 */
import type { Scenario } from '../scenario.js';
import { control, everyOfStuck, withAndWithout } from './shared-arms.js';

const server = { splice: { read: true } };

export const splicePinned: Scenario = {
  id: 'splice-pinned',
  description: 'WRITEs read by splice(2), answered, their data left in pipes',
  stuck: 'page-cache folios with a reference from a pipe, no longer under writeback',
  triggers: [
    'compact',
    'compact-node',
    'hugetlb-alloc',
    'move-pages',
    'migrate-pages',
    'mbind',
    'offline',
    'dimm-unplug',
    'soft-offline',
  ],
  transports: ['dev-fuse'],
  needs: 'splice',
  arms: [
    control('write', server),
    ...withAndWithout(
      {
        kind: 'fault',
        workload: 'write',
        server,
        misbehaviour: {
          kind: 'faults',
          faults: everyOfStuck('FUSE_WRITE', { type: 'pin' }),
        },
        stuckBy: 'reference',
        waitsIn: null,
      },
      'release',
      'abort',
      'kill-server',
    ),
  ],
};
