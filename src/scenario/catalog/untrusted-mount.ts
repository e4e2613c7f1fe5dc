/**
 * `untrusted-mount`: an unprivileged user mounts a FUSE filesystem of its own in a user and a mount namespace of its
 * own, and withholds the acks of its WRITEs.  The limits of its bdi (max_ratio 1, strict_limit 1: fuse_bdi_init() in
 * fs/fuse/inode.c) stop its writer in balance_dirty_pages() before much is stuck; what is stuck by then is enough for
 * the compaction that root asks for.
 */
import type { ArmDesign, Scenario } from '../scenario.js';
import { control, heldWrites } from './shared-arms.js';

const untrusted = (arm: ArmDesign): ArmDesign => ({ ...arm, untrusted: true });

export const untrustedMount: Scenario = {
  id: 'untrusted-mount',
  description: "an unprivileged user's own mount, default bdi limits, WRITE replies withheld",
  stuck: 'as many folios under writeback (PG_writeback) as the bdi limits let the user have',
  triggers: ['compact'],
  transports: ['dev-fuse'],
  needs: 'the writeback cache',
  requires: ['untrusted'],
  arms: [untrusted(control('write-throttled')), untrusted(heldWrites('write-throttled'))],
};
