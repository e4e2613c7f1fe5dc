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

/** Whether one of its frames is a hole, or can never be moved. */
export function hasImmovable(startPfn: number, root = '/'): boolean {
  let found = false;
  for (let done = 0; done < GIGANTIC_PAGES && !found; done += READ_PAGES) {
    const look = (_pfn: number, low: number, high: number) => {
      if ((low & immovable.low) !== 0 || (high & immovable.high) !== 0) found = true;
    };
    if (scanKpageflags(startPfn + done, READ_PAGES, look, root) < READ_PAGES) return true;
  }
  return found;
}
