/**
 * `writeback-held-mmap`: the same without the writeback cache.  Dirty folios then exist only through shared
 * mappings (fuse_page_mkwrite() in fs/fuse/file.c), and their WRITEs are withheld.  It is all that a server on
 * libfuse 2.9 can be made to do, so both transports play it.
 */
import type { Scenario } from '../scenario.js';
import { control, heldWrites, withAndWithout } from './shared-arms.js';

const server = { writebackCache: false };

export const writebackHeldMmap: Scenario = {
  id: 'writeback-held-mmap',
  description: 'stores through a shared mapping, no writeback cache, WRITE replies withheld',
  stuck: 'page-cache folios under writeback (PG_writeback)',
  triggers: ['compact', 'move-pages', 'migrate-pages', 'mbind'],
  transports: ['dev-fuse', 'libfuse'],
  needs: 'withheld WRITEs',
  arms: [
    control('map', server),
    ...withAndWithout(heldWrites('map', server), 'release', 'abort', 'kill-server'),
  ],
};
