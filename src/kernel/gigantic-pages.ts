/**
 * The pool of huge pages of 1 GiB, which come out of alloc_contig_range() or, with hugetlb_cma=, out of CMA.
 * Authority: mm/hugetlb.c (alloc_gigantic_folio()), pfn_range_valid_contig() in mm/page_alloc.c, has_unmovable_pages() in
 * mm/page_isolation.c, Documentation/admin-guide/mm/hugetlbpage.rst.
 */
import { readKernelFileIfPresent } from './kernel-file.js';
import { kpfMask, scanKpageflags } from './kpageflags.js';
import { readZoneinfo } from './zoneinfo.js';

export const giganticPagesPath = '/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages';
const GIGANTIC_PAGES = 1 << 18;

/** undefined where this machine has no pages of that size. */
export function readGiganticPages(root = '/'): number | undefined {
  const text = readKernelFileIfPresent(giganticPagesPath, root);
  return text === undefined ? undefined : Number(text);
}

/** The first frames of what alloc_contig_pages() looks at: each whole gibibyte of a zone, aligned to its size. */
export function alignedGibibytes(root = '/'): number[] {
  return readZoneinfo(root).flatMap(({ startPfn, spanned }) => {
    if (startPfn === undefined) return [];
    const first = Math.ceil(startPfn / GIGANTIC_PAGES) * GIGANTIC_PAGES;
    const count = Math.max(0, Math.floor((startPfn + spanned - first) / GIGANTIC_PAGES));
    return Array.from({ length: count }, (_, index) => first + index * GIGANTIC_PAGES);
  });
}

/** Whatever is moved, a range with one of these is not had.  There are others that no flag tells. */
const immovable = kpfMask('NOPAGE', 'RESERVED', 'SLAB', 'PGTABLE');
const READ_PAGES = 4096;

/**
 * What is free says so at least once in so many frames, aligned (MAX_PAGE_ORDER is 10 on x86-64).  Where no frame has a flag
 * is a hole, which 6.18 gives no NOPAGE, or memory of the kernel's own.
 */
const LARGEST_FREE_PAGES = 1024;

/** Whether one of its frames is a hole, or can never be moved. */
export function hasImmovable(startPfn: number, root = '/'): boolean {
  let found = false;
  let bare = 0;
  for (let done = 0; done < GIGANTIC_PAGES && !found; done += READ_PAGES) {
    const look = (pfn: number, low: number, high: number) => {
      bare = low !== 0 || high !== 0 ? 0 : pfn % LARGEST_FREE_PAGES === 0 ? 1 : bare + 1;
      if ((low & immovable.low) !== 0 || (high & immovable.high) !== 0) found = true;
      // Only what began with a whole block counts: the tails of a free one have no flags either.
      if (bare >= LARGEST_FREE_PAGES) found = true;
    };
    if (scanKpageflags(startPfn + done, READ_PAGES, look, root) < READ_PAGES) return true;
  }
  return found;
}

const keepers = (['NOPAGE', 'RESERVED', 'SLAB', 'PGTABLE'] as const).map(
  (name) => [name, kpfMask(name)] as const,
);

/**
 * What of a gibibyte keeps it from being emptied, as far as the flags tell: how many frames of each kind, and where the first
 * is.  Those without any flag are the kernel's own, or free ones that a CPU keeps.
 */
export function immovableIn(startPfn: number, root = '/'): string {
  const counts = new Map<string, { frames: number; firstPfn: number }>();
  const add = (kind: string, pfn: number) => {
    const seen = counts.get(kind);
    if (seen === undefined) counts.set(kind, { frames: 1, firstPfn: pfn });
    else seen.frames += 1;
  };
  scanKpageflags(
    startPfn,
    GIGANTIC_PAGES,
    (pfn, low, high) => {
      if (low === 0 && high === 0) add('without flags', pfn);
      for (const [name, mask] of keepers)
        if ((low & mask.low) !== 0 || (high & mask.high) !== 0) add(name, pfn);
    },
    root,
  );
  const told = [...counts].map(
    ([kind, { frames, firstPfn }]) => `${frames} ${kind} from pfn 0x${firstPfn.toString(16)} on`,
  );
  return `gibibyte at pfn 0x${startPfn.toString(16)}: ${told.join(', ') || 'nothing that the flags tell'}`;
}
