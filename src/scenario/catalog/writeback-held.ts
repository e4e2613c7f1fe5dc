/**
 * `writeback-held`: write(2) through the writeback cache, the acks of the WRITEs withheld.  Since 6.16 the
 * page-cache folio is under writeback until the server replies, and MIGRATE_SYNC waits for that in
 * migrate_folio_unmap() (mm/migrate.c): the server decides how long.
 */
import type { Scenario } from '../scenario.js';
import { control, heldWrites, underCompact, withAndWithout } from './shared-arms.js';

export const writebackHeld: Scenario = {
  id: 'writeback-held',
  description: 'write(2) through the writeback cache, WRITE replies withheld',
  stuck: 'page-cache folios under writeback (PG_writeback)',
  triggers: [
    'compact',
    'compact-node',
    'hugetlb-alloc',
    'thp-collapse',
    'thp-fault',
    'move-pages',
    'migrate-pages',
    'mbind',
    'offline',
    'dimm-unplug',
    'soft-offline',
    'gigantic-alloc',
    'cma-alloc',
  ],
  transports: ['dev-fuse'],
  needs: 'the writeback cache',
  arms: [
    control('write'),
    ...withAndWithout(heldWrites('write'), 'release', 'abort', 'kill-server', 'request-timeout'),
    { ...heldWrites('write-throttled'), ...underCompact('bdi-limit') },
  ],
};
