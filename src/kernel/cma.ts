/**
 * Contiguous memory areas (CMA), and the ways in which somebody in user space can have one allocated from that are given
 * back whoever is killed.  Not so cma/NAME/alloc in debugfs: what was allocated there stays allocated (mm/cma_debug.c).
 * Authority: drivers/dma-buf/heaps/cma_heap.c, mm/hugetlb_cma.c, and CmaTotal in fs/proc/meminfo.c.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { giganticPagesPath } from './gigantic-pages.js';
import { listKernelDirectory, readKernelFileIfPresent } from './kernel-file.js';
import { readMeminfo } from './meminfo.js';

const heapDirectory = '/dev/dma_heap';
const sysfsDirectory = '/sys/kernel/mm/cma';

export type CmaRoute =
  /** A buffer of a heap of dma-buf, given back with its descriptor. */
  | { readonly kind: 'dma-heap'; readonly device: string }
  /** A huge page of 1 GiB, with hugetlb_cma= on the command line. */
  | { readonly kind: 'hugetlb'; readonly nrHugePages: string };

/** In kB; 0 where this kernel has none. */
export function cmaTotalKb(root = '/'): number {
  return readMeminfo(root).get('CmaTotal') ?? 0;
}

/** An area for huge pages as sysfs has it: 7.3 was seen to have one, and no CmaTotal above 0. */
export function hasHugetlbArea(root = '/'): boolean {
  if (!existsSync(join(root, sysfsDirectory))) return false;
  return listKernelDirectory(sysfsDirectory, root).some((name) => name.startsWith('hugetlb'));
}

/** The first way that there is. Heaps named `system` are not of CMA. */
export function findCmaRoute(root = '/'): CmaRoute | undefined {
  const has = (path: string) => existsSync(join(root, path));
  const names = (directory: string) => (has(directory) ? listKernelDirectory(directory, root).sort() : []);
  const heap = names(heapDirectory).find((name) => !name.startsWith('system'));
  if (heap !== undefined) return { kind: 'dma-heap', device: `${heapDirectory}/${heap}` };
  const reserved =
    /(?:^| )hugetlb_cma=/.test(readKernelFileIfPresent('/proc/cmdline', root) ?? '') || hasHugetlbArea(root);
  if (reserved && has(giganticPagesPath)) return { kind: 'hugetlb', nrHugePages: giganticPagesPath };
  return undefined;
}
