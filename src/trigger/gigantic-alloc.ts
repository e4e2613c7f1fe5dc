/**
 * `gigantic-alloc`: nr_hugepages of 1 GiB is raised by one: the kernel empties a whole gibibyte.
 * Authority: alloc_gigantic_folio() in mm/hugetlb.c, alloc_contig_pages() and __alloc_contig_migrate_range() in
 * mm/page_alloc.c (MIGRATE_SYNC, MR_CONTIG_RANGE; five tries, then EBUSY, which the pool does not pass on);
 * reclaim_clean_pages_from_list() in mm/vmscan.c drops what is clean and evictable first.
 */
import { Errno } from '../base/errno.js';
import {
  alignedGibibytes,
  giganticPagesPath,
  hasImmovable,
  immovableIn,
  readGiganticPages,
} from '../kernel/gigantic-pages.js';
import { nodePoolPaths } from '../kernel/huge-pages.js';
import { KernelFileError, readKernelFile } from '../kernel/kernel-file.js';
import { writeValue } from '../syscall/write-value.js';
import type { FileChange, Trigger, TriggerResult } from './trigger.js';

export function lacksGiganticPages(root = '/'): string | undefined {
  if (readGiganticPages(root) === undefined)
    return (
      `needs huge pages of 1 GiB: ${giganticPagesPath} is not there (CONFIG_HUGETLB_PAGE, CONFIG_CONTIG_ALLOC, and on ` +
      'x86 the CPU flag pdpe1gb)'
    );
  const ranges = alignedGibibytes(root);
  if (ranges.length === 0)
    return 'needs a zone with a whole aligned gibibyte: /proc/zoneinfo has none (more memory)';
  if (ranges.every((startPfn) => isHopeless(startPfn, root)))
    return (
      `needs a gibibyte that can be emptied: each of ${ranges.length} has holes, or reserved, slab or page-table pages ` +
      'in /proc/kpageflags (CONFIG_CMA and hugetlb_cma=1G on the command line keep one clear of them)'
    );
  return undefined;
}

/** Where the flags cannot be read, it may be emptied. */
function isHopeless(startPfn: number, root: string): boolean {
  try {
    return hasImmovable(startPfn, root);
  } catch (error) {
    if (error instanceof KernelFileError) return false;
    throw error;
  }
}

export function giganticChanges(): readonly FileChange[] {
  // Of which node it will be is the kernel's choice.
  const ofNodes = nodePoolPaths(giganticPagesPath).map((path) => ({
    path,
    value: readKernelFile(path).trim(),
  }));
  return [{ path: giganticPagesPath, value: `${(readGiganticPages() ?? 0) + 1}` }, ...ofNodes];
}

/** One more; how many the kernel made of it is in `obtained`. */
export function allocateGigantic(): TriggerResult {
  const before = readGiganticPages();
  if (before === undefined) return { result: -Errno.ENOENT };
  const result = writeValue(giganticPagesPath, `${before + 1}`);
  return { result, wanted: 1, obtained: (readGiganticPages() ?? before) - before };
}

export const giganticAlloc: Trigger = {
  id: 'gigantic-alloc',
  description: 'nr_hugepages of 1 GiB is raised by one: alloc_contig_range() of a whole gibibyte',
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'contig_range',
  kernelFunction: 'alloc_contig_range',
  harmsHost: true,
  reclaimsClean: true,
  emptiesRange: true,
  missing: () => lacksGiganticPages(),
  changes: giganticChanges,
  pull: allocateGigantic,
  explain: ({ obtained = 0 }) =>
    obtained > 0 ? {} : { keptBy: alignedGibibytes().map((pfn) => immovableIn(pfn)) },
};
