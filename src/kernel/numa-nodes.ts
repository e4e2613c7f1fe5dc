/**
 * NUMA nodes: which have memory, and on which one a frame lies.
 * Authority: drivers/base/node.c (has_memory), lib/vsprintf.c (%*pbl: `0-1,4`).
 */
import { malformed, parseCount, readKernelFileIfPresent } from './kernel-file.js';
import type { Zone } from './zoneinfo.js';

export const hasMemoryPath = '/sys/devices/system/node/has_memory';

/** Numbers and ranges as the kernel prints a bitmap: `0-1,4`; an empty line is none. */
export function parseNodeList(text: string, file = hasMemoryPath): number[] {
  const line = text.trim();
  if (line === '') return [];
  return line.split(',').flatMap((part) => {
    const [first, last = first, more] = part.split('-');
    if (more !== undefined) throw malformed(file, 1, 'a number or a range', part);
    const start = parseCount(first, file, 1, 'a node');
    const end = parseCount(last, file, 1, 'a node');
    if (end < start) throw malformed(file, 1, 'an ascending range', part);
    return Array.from({ length: end - start + 1 }, (_, index) => start + index);
  });
}

/** Node 0 alone where the kernel knows of no nodes. */
export function readNodesWithMemory(root = '/'): number[] {
  const text = readKernelFileIfPresent(hasMemoryPath, root);
  return text === undefined ? [0] : parseNodeList(text);
}

/** The node that has the frame; zones of two nodes may overlap, and then this is the first of them. */
export function nodeOf(pfn: number, zones: readonly Zone[]): number | undefined {
  return zones.find(
    ({ startPfn, spanned }) => startPfn !== undefined && pfn >= startPfn && pfn < startPfn + spanned,
  )?.node;
}

/** The node that has most of these frames. */
export function nodeWithMost(pfns: Float64Array, zones: readonly Zone[]): number | undefined {
  const counts = new Map<number, number>();
  for (const pfn of pfns) {
    const node = nodeOf(pfn, zones);
    if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
