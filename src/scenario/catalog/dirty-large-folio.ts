/**
 * `dirty-large-folio`: large folios of XFS that carry iomap's per-block state.  Without a free page of their order they
 * must be split to be moved, and iomap_release_folio() (fs/iomap/buffered-io.c) gives a dirty folio's state not up.
 */
import type { FolioDesign } from '../../record/arm-design.js';
import type { Scenario } from '../scenario.js';
import { folioArm } from './folio-arm.js';

/** 64 KiB: more than PAGE_ALLOC_COSTLY_ORDER, and several in what compaction isolates at a time. */
const dirty: FolioDesign = { memory: 'xfs', order: 4, blockBytes: 4096, state: 'dirty', fragmented: true };

export const dirtyLargeFolio: Scenario = {
  id: 'dirty-large-folio',
  description:
    'no server: XFS on a loop device has dirty large folios, and no free page of their order is there',
  stuck: 'dirty large folios of iomap with per-block state',
  triggers: ['compact'],
  transports: ['dev-fuse'],
  needs: 'an XFS image on a loop device, and large folios for write(2) to it (6.6)',
  requires: ['xfs-image'],
  arms: [
    folioArm('control', 'clean', { ...dirty, state: 'clean' }),
    folioArm('control', 'dirty-whole', { ...dirty, state: 'dirty-whole' }),
    folioArm('control', 'clean-with-room', { ...dirty, state: 'clean', fragmented: false }),
    folioArm('control', 'dirty-with-room', { ...dirty, fragmented: false }),
    folioArm('fault', 'dirty', dirty),
  ],
};
