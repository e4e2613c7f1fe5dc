/** What the triggers that move between NUMA nodes share: whether there are two, and which one to move to. */
import { hasMemoryPath, nodeWithMost, readNodesWithMemory } from '../kernel/numa-nodes.js';
import { readZoneinfo } from '../kernel/zoneinfo.js';

export function lacksSecondNode(root = '/'): string | undefined {
  const nodes = readNodesWithMemory(root);
  if (nodes.length >= 2) return undefined;
  return (
    `needs two NUMA nodes with memory: ${hasMemoryPath} says ${nodes.join(',') || 'none'} ` +
    '(a VM has them with two -numa node,memdev=…)'
  );
}

/** From the node on which most of the set lies to another one with memory; undefined where there is none. */
export function betweenNodes(pfns: Float64Array): { readonly from: number; readonly to: number } | undefined {
  const from = nodeWithMost(pfns, readZoneinfo());
  if (from === undefined) return undefined;
  const to = readNodesWithMemory().find((node) => node !== from);
  return to === undefined ? undefined : { from, to };
}
