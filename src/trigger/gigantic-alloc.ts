/**
 * `gigantic-alloc`: nr_hugepages of 1 GiB is raised by one: the kernel empties a whole gibibyte.
 * Authority: alloc_gigantic_folio() in mm/hugetlb.c, alloc_contig_pages() and __alloc_contig_migrate_range() in
 * mm/page_alloc.c (MIGRATE_SYNC, MR_CONTIG_RANGE; five tries, then EBUSY, which the pool does not pass on);
 * reclaim_clean_pages_from_list() in mm/vmscan.c drops what is clean and evictable first.
 * Where the machine plugs memory in, the sets come to lie in a gibibyte of that: of what was there at boot none can be
 * emptied, as each has something of the kernel's.
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
import { readBlockPages } from '../kernel/memory-blocks.js';
import { writeValue } from '../syscall/write-value.js';
import { findHotplugPort } from './hotplug-port.js';
import { canPlugIn, lacksHotplug, plugIn } from './plugged-memory.js';
import { takeFirstGibibyte } from './spare-gibibyte.js';
import type { FileChange, Trigger, TriggerResult } from './trigger.js';

export function lacksGiganticPages(root = '/'): string | undefined {
  if (readGiganticPages(root) === undefined)
    return (
      `needs huge pages of 1 GiB: ${giganticPagesPath} is not there (CONFIG_HUGETLB_PAGE, CONFIG_CONTIG_ALLOC, and on ` +
      'x86 the CPU flag pdpe1gb)'
    );
  if (findHotplugPort(root) !== undefined) return lacksHotplug(root);
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
  const obtained = (readGiganticPages() ?? before) - before;
  const answer = { result, wanted: 1, obtained };
  return obtained > 0 ? answer : { ...answer, keptBy: alignedGibibytes().map((pfn) => immovableIn(pfn)) };
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
  keepsUntilEnd: true,
  missing: () => lacksGiganticPages(),
  /** ZONE_MOVABLE would not do: no page of 1 GiB is taken from there (hugepage_movable_supported() in include/linux/hugetlb.h). */
  async bringMemory() {
    if (!canPlugIn()) return false;
    const [block = 0] = await plugIn('Normal');
    takeFirstGibibyte(block * (readBlockPages() ?? 1));
    return true;
  },
  changes: giganticChanges,
  pull: allocateGigantic,
};
