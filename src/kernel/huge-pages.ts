/**
 * The pool of huge pages of 2 MiB, which on this page size are as large as a pageblock.
 * Authority: mm/hugetlb.c (nr_hugepages_store_common), Documentation/admin-guide/mm/hugetlbpage.rst.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { listKernelDirectory } from './kernel-file.js';
import { hasKpf, readKpageflagsOf } from './kpageflags.js';

export const hugePagesPath = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages';

/**
 * What each node has of a pool, as a file of its own: the file of the pool has the sum.  None where there is one node.
 * @param pool the nr_hugepages of a size
 */
export function nodePoolPaths(pool: string, root = '/'): string[] {
  const nodes = '/sys/devices/system/node';
  if (!existsSync(join(root, nodes))) return [];
  const names = listKernelDirectory(nodes, root).filter((name) => /^node\d+$/.test(name));
  const paths = names.map((name) => `${nodes}/${name}/hugepages/${basename(dirname(pool))}/nr_hugepages`);
  // A node without memory has none.
  return paths.length < 2 ? [] : paths.filter((path) => existsSync(join(root, path)));
}

/** PAGE_SIZE << pageblock_order, where a pageblock is a huge page (include/linux/pageblock-flags.h). */
export const PAGEBLOCK_PAGES = 512;

/** Ascending: the pageblocks (pfn / PAGEBLOCK_PAGES) in which at least so many of these frames lie. */
export function pageblocksOf(pfns: Float64Array, atLeast: number): number[] {
  const counts = new Map<number, number>();
  for (const pfn of pfns) {
    if (pfn < 0) continue;
    const block = Math.floor(pfn / PAGEBLOCK_PAGES);
    counts.set(block, (counts.get(block) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count >= atLeast)
    .map(([block]) => block)
    .sort((a, b) => a - b);
}

/**
 * Those of these pageblocks that are huge pages now: of a pool, or transparent ones.  KPF_THP is on any large folio
 * (stable_page_flags() in fs/proc/page.c): one of that size has its head at the first frame, and a tail at the last.
 */
export function hugeAmong(pageblocks: readonly number[]): number[] {
  const heads = readKpageflagsOf(pageblocks.map((block) => block * PAGEBLOCK_PAGES));
  const tails = readKpageflagsOf(pageblocks.map((block) => (block + 1) * PAGEBLOCK_PAGES - 1));
  return pageblocks.filter((_, index) => isHuge(heads[index] ?? 0n, tails[index] ?? 0n));
}

/** All of them are; of none at all nothing is known. */
export function areAllHuge(pageblocks: readonly number[]): boolean {
  return pageblocks.length > 0 && hugeAmong(pageblocks).length === pageblocks.length;
}

export function isHuge(head: bigint, tail: bigint): boolean {
  if (!hasKpf(head, 'COMPOUND_HEAD') || !hasKpf(tail, 'COMPOUND_TAIL')) return false;
  return hasKpf(head, 'HUGE') || hasKpf(head, 'THP');
}

/** A few strays do not make a pageblock one of the stuck set's: a sixteenth of it does. */
export const LEAST_IN_PAGEBLOCK = PAGEBLOCK_PAGES / 16;
