/**
 * `thp-fault`: page faults in memory with MADV_HUGEPAGE: direct compaction, as far as the machine's `defrag` lets a
 * fault do it.
 * Authority: do_huge_pmd_anonymous_page() and vma_thp_gfp_mask() in mm/huge_memory.c.
 */
import { existsSync, readFileSync } from 'node:fs';
import { hasKpf, readKpageflags } from '../kernel/kpageflags.js';
import { readPagemap } from '../kernel/pagemap.js';
import * as memory from '../syscall/memory.js';
import { mapRegionAgain, missingForHugePages, obtainHugePages } from './huge-regions.js';
import type { Trigger } from './trigger.js';

const defragPath = '/sys/kernel/mm/transparent_hugepage/defrag';

function isHuge(address: bigint): boolean {
  const pfn = readPagemap('self', address, 1).pfns[0] ?? -1;
  return pfn >= 0 && hasKpf(readKpageflags(pfn, 1)[0] ?? 0n, 'THP');
}

export const thpFault: Trigger = {
  id: 'thp-fault',
  description: 'page faults with MADV_HUGEPAGE: direct compaction for each huge page',
  migrateModes: ['MIGRATE_ASYNC', 'MIGRATE_SYNC_LIGHT'],
  migrateReason: 'compaction',
  kernelFunction: 'do_huge_pmd_anonymous_page',
  harmsHost: false,
  allocatesHugePages: true,
  keepsUntilEnd: true,
  missing() {
    const missing = missingForHugePages();
    if (missing !== undefined) return missing;
    const defrag = existsSync(defragPath) ? readFileSync(defragPath, 'utf8') : '';
    return /\[(always|madvise|defer\+madvise)\]/.test(defrag)
      ? undefined
      : `${defragPath} lets no fault compact memory: needs madvise, defer+madvise or always`;
  },
  pull: (target) =>
    obtainHugePages(
      target,
      (address, bytes) => void memory.madvise(address, bytes, memory.MADV_HUGEPAGE),
      (address, bytes) => {
        memory.madvise(address, memory.PAGE_SIZE, memory.MADV_POPULATE_WRITE);
        if (isHuge(address)) return true;
        mapRegionAgain(address);
        memory.madvise(address, bytes, memory.MADV_HUGEPAGE);
        return false;
      },
    ),
};
