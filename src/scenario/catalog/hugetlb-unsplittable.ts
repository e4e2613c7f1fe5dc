/**
 * `hugetlb-unsplittable`: hugetlb pages in use.  Compaction passes over pageblocks that are one compound page
 * (suitable_migration_source() in mm/compaction.c): an allocation of contiguous memory, or whoever asks for them by address, moves
 * them, and only as a whole.
 */
import type { FolioDesign } from '../../record/arm-design.js';
import type { Scenario } from '../scenario.js';
import { folioArm } from './folio-arm.js';

const plain: FolioDesign = {
  memory: 'anonymous',
  order: 0,
  blockBytes: null,
  state: null,
  fragmented: false,
};

export const hugetlbUnsplittable: Scenario = {
  id: 'hugetlb-unsplittable',
  description: 'no server: hugetlb pages in use lie among base pages',
  stuck: 'hugetlb pages',
  triggers: ['compact'],
  transports: ['dev-fuse'],
  needs: 'hugetlb pages',
  requires: ['hugetlb'],
  arms: [
    folioArm('control', 'base-pages', plain),
    folioArm('fault', 'hugetlb', { ...plain, memory: 'hugetlb', order: 9 }),
  ],
};
