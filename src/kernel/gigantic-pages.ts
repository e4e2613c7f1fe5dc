/**
 * The pool of huge pages of 1 GiB, which come out of alloc_contig_range() or, with hugetlb_cma=, out of CMA.
 * Authority: mm/hugetlb.c (alloc_gigantic_folio()), Documentation/admin-guide/mm/hugetlbpage.rst.
 */
import { readKernelFileIfPresent } from './kernel-file.js';
import { readZoneinfo } from './zoneinfo.js';

export const giganticPagesPath = '/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages';
const GIGANTIC_PAGES = 1 << 18;

/** undefined where this machine has no pages of that size. */
export function readGiganticPages(root = '/'): number | undefined {
  const text = readKernelFileIfPresent(giganticPagesPath, root);
  return text === undefined ? undefined : Number(text);
}

/** Whether a zone has a whole gibibyte, aligned to its size: alloc_contig_pages() looks at no other. */
export function hasAlignedGibibyte(root = '/'): boolean {
  return readZoneinfo(root).some(({ startPfn, spanned }) => {
    if (startPfn === undefined) return false;
    const first = Math.ceil(startPfn / GIGANTIC_PAGES) * GIGANTIC_PAGES;
    return first + GIGANTIC_PAGES <= startPfn + spanned;
  });
}
