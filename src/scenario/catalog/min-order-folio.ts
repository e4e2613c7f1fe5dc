/**
 * `min-order-folio`: XFS with blocks of 16 KiB (6.12) has no folio below order 2: without a free page of that order
 * its folios can neither be moved nor be split.
 * Authority: mapping_set_folio_min_order() (include/linux/pagemap.h), __folio_split() (mm/huge_memory.c).
 */
import type { FolioDesign } from '../../record/arm-design.js';
import type { Scenario } from '../scenario.js';
import { folioArm } from './folio-arm.js';

const least: FolioDesign = { memory: 'xfs', order: 2, blockBytes: 16384, state: 'clean', fragmented: true };

export const minOrderFolio: Scenario = {
  id: 'min-order-folio',
  description:
    'no server: XFS with 16 KiB blocks on a loop device, and no free page of its least folio order is there',
  stuck: 'clean folios of the least order of their filesystem',
  triggers: ['compact'],
  transports: ['dev-fuse'],
  needs: 'an XFS image with blocks larger than a page (6.12), and large folios for write(2) to XFS (6.6)',
  requires: ['xfs-image'],
  arms: [
    folioArm('control', 'blocks-of-4k', { ...least, blockBytes: 4096 }),
    folioArm('control', 'with-room', { ...least, fragmented: false }),
    folioArm('fault', 'blocks-of-16k', least),
  ],
};
