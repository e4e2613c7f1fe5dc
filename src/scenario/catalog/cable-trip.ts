/**
 * `cable-trip`: the server stops answering anything, as if somebody had pulled its cable, while data is written
 * back; then the cable is plugged in again and everything drains.  What a network filesystem does to its client.
 */
import type { Scenario } from '../scenario.js';
import { control, waitsForWriteback, withAndWithout } from './shared-arms.js';

export const cableTrip: Scenario = {
  id: 'cable-trip',
  description: 'every request held as if the cable were pulled, then plugged in again',
  stuck: 'page-cache folios under writeback (PG_writeback), and whoever asks the server for anything',
  triggers: ['compact'],
  transports: ['dev-fuse'],
  needs: 'the writeback cache',
  arms: [
    control('write'),
    ...withAndWithout(
      {
        kind: 'fault',
        workload: 'write',
        misbehaviour: { kind: 'unplug' },
        stuckBy: 'writeback',
        waitsIn: waitsForWriteback,
      },
      'release',
      'abort',
      'kill-server',
    ),
  ],
};
