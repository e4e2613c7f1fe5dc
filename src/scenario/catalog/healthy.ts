/** `healthy`: a FUSE server that answers. The control for all: its folios move. */
import type { Scenario } from '../scenario.js';
import { control } from './shared-arms.js';

export const healthy: Scenario = {
  id: 'healthy',
  description: 'a server that answers everything',
  stuck: 'nothing',
  triggers: [
    'compact',
    'compact-node',
    'hugetlb-alloc',
    'move-pages',
    'migrate-pages',
    'mbind',
    'offline',
    'dimm-unplug',
  ],
  transports: ['dev-fuse'],
  needs: 'the writeback cache',
  arms: [control('write')],
};
