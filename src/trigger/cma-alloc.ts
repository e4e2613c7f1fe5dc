/**
 * `cma-alloc`: an allocation from a contiguous memory area, by whatever way this kernel has for user space: the area's
 * pages that are lent to movable allocations are moved out of it.  What it was given it gives back at once.
 * Authority: cma_alloc() in mm/cma.c, alloc_contig_range() in mm/page_alloc.c (MIGRATE_SYNC, MR_CONTIG_RANGE).
 */
import { Errno } from '../base/errno.js';
import { PAGE_BYTES } from '../base/page-size.js';
import { type CmaRoute, cmaTotalKb, findCmaRoute, hasHugetlbArea } from '../kernel/cma.js';
import { allocateFromHeap } from '../syscall/dma-heap.js';
import { close } from '../syscall/file.js';
import { allocateGigantic, giganticChanges } from './gigantic-alloc.js';
import type { Trigger, TriggerResult } from './trigger.js';

const KIB = 1024;
/** Of the area: somebody else may have a little of it, and less says less. */
const SHARE = 0.75;

export function lacksCma(root = '/'): string | undefined {
  const totalKb = cmaTotalKb(root);
  if (totalKb === 0 && !hasHugetlbArea(root))
    return 'needs a contiguous memory area: CmaTotal in /proc/meminfo is 0 or absent (CONFIG_CMA, and cma=SIZE on the command line)';
  if (findCmaRoute(root) === undefined)
    return (
      `needs a way to allocate from CMA (CmaTotal is ${totalKb} kB): a CMA heap in /dev/dma_heap ` +
      '(CONFIG_DMABUF_HEAPS_CMA), or hugetlb_cma=1G with huge pages of 1 GiB'
    );
  return undefined;
}

function allocate(route: CmaRoute): TriggerResult {
  const pages = Math.floor((cmaTotalKb() * KIB * SHARE) / PAGE_BYTES);
  switch (route.kind) {
    case 'dma-heap': {
      const buffer = allocateFromHeap(route.device, pages * PAGE_BYTES);
      if (buffer >= 0) close(buffer);
      return { result: Math.min(buffer, 0) };
    }
    case 'hugetlb':
      return allocateGigantic();
  }
}

export const cmaAlloc: Trigger = {
  id: 'cma-alloc',
  description: 'an allocation from CMA: a dma-buf heap, or a huge page of 1 GiB with hugetlb_cma=',
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'contig_range',
  kernelFunction: 'cma_alloc',
  harmsHost: true,
  reclaimsClean: true,
  emptiesRange: true,
  answers: [
    { errno: Errno.ENOMEM, means: 'cma_alloc() found no range that it could empty' },
    { errno: Errno.EBUSY, means: 'no range could be emptied' },
  ],
  missing: () => lacksCma(),
  changes: () => (findCmaRoute()?.kind === 'hugetlb' ? giganticChanges() : []),
  pull() {
    const route = findCmaRoute();
    return route === undefined ? { result: -Errno.ENODEV } : allocate(route);
  },
};
