/**
 * /sys/kernel/mm/transparent_hugepage/hugepages-*kB/stats: counters of folios by their size, since boot.
 * Since 6.10; `split` counts also those of the page cache (__folio_split() in mm/huge_memory.c).
 */
import { listKernelDirectory, parseCount, readKernelFileIfPresent } from './kernel-file.js';

const directory = '/sys/kernel/mm/transparent_hugepage';

export interface SplitCounters {
  readonly split: number;
  readonly splitFailed: number;
}

/** Of folios of so many bytes; undefined where this kernel counts none of that size. */
export function readSplitCounters(folioBytes: number, root = '/'): SplitCounters | undefined {
  const size = `hugepages-${folioBytes / 1024}kB`;
  if (!listKernelDirectory(directory, root).includes(size)) return undefined;
  const read = (name: string) => {
    const file = `${directory}/${size}/stats/${name}`;
    const text = readKernelFileIfPresent(file, root)?.trim();
    return text === undefined ? undefined : parseCount(text, file, 1, 'a counter');
  };
  const split = read('split');
  const splitFailed = read('split_failed');
  return split === undefined || splitFailed === undefined ? undefined : { split, splitFailed };
}
