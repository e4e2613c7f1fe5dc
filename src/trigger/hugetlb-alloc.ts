/**
 * `hugetlb-alloc`: the pool of huge pages is raised, one by one, until all pageblocks with folios of the stuck set are in
 * it, or by more than there are.  Each page is an allocation of order 9 with direct compaction: MIGRATE_ASYNC first, then
 * MIGRATE_SYNC_LIGHT.
 * Authority: set_max_huge_pages() in mm/hugetlb.c, __alloc_pages_slowpath() in mm/page_alloc.c,
 * try_to_compact_pages() in mm/compaction.c.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { areAllHuge, hugePagesPath } from '../kernel/huge-pages.js';
import { tryInBursts } from './bursts.js';
import type { Trigger } from './trigger.js';

/** One that falls short asks again. */
const TRIES_IN_BURST = 64;

function nrHugePages(): number {
  return Number(readFileSync(hugePagesPath, 'utf8'));
}

export const hugetlbAlloc: Trigger = {
  id: 'hugetlb-alloc',
  description: 'nr_hugepages is raised: direct compaction for each huge page',
  migrateModes: ['MIGRATE_ASYNC', 'MIGRATE_SYNC_LIGHT'],
  migrateReason: 'compaction',
  kernelFunction: 'alloc_pool_huge_folio',
  harmsHost: false,
  allocatesHugePages: true,
  missing() {
    try {
      nrHugePages();
    } catch {
      return `${hugePagesPath} cannot be read: needs CONFIG_HUGETLB_PAGE with huge pages of 2 MiB`;
    }
    return undefined;
  },
  changes: ({ hugePages }) => [{ path: hugePagesPath, value: `${nrHugePages() + hugePages}` }],
  pull({ hugePages, pageblocks }) {
    const before = nrHugePages();
    const wanted = before + hugePages;
    tryInBursts(
      TRIES_IN_BURST,
      () => nrHugePages() >= wanted || areAllHuge(pageblocks),
      () => {
        const there = nrHugePages();
        writeFileSync(hugePagesPath, `${there + 1}\n`);
        return nrHugePages() > there;
      },
    );
    return { result: 0, wanted: hugePages, obtained: nrHugePages() - before };
  },
};
