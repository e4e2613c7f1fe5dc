/** `healthy`: a FUSE server that answers. The control for all: its folios move. */
import type { Scenario } from '../scenario.js';

export const healthy: Scenario = {
  id: 'healthy',
  description: 'a server that answers everything',
  stuck: 'nothing',
  waitsIn: null,
  triggers: ['compact'],
  arms: ['control'],
  faults: () => [],
};
