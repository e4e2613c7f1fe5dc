/**
 * What the triggers that move between NUMA nodes share: whether there are two, and what is checked before the call:
 * which node to move to, and whether the set is mapped.  What is asked for, and how, is each one's own.
 */
import { Errno } from '../base/errno.js';
import { hasMemoryPath, nodeOf, nodeWithMost, readNodesWithMemory } from '../kernel/numa-nodes.js';
import { readZoneinfo } from '../kernel/zoneinfo.js';
import type { FrameRange, Mapping, TriggerTarget } from './trigger.js';

export function lacksSecondNode(root = '/'): string | undefined {
  const nodes = readNodesWithMemory(root);
  if (nodes.length >= 2) return undefined;
  return (
    `needs two NUMA nodes with memory: ${hasMemoryPath} says ${nodes.join(',') || 'none'} ` +
    '(a VM has them with two -numa node,memdev=…)'
  );
}

/** What the system call is asked for. */
interface MoveToNode {
  /** Where most of the set lies. */
  readonly from: number;
  /** Another one with memory. */
  readonly to: number;
  /** All of these calls go by page tables: what nobody has mapped is not asked for. */
  readonly mapping: Mapping;
  /** Frames of the set that are not on `to`: a folio that is there already is left where it is. */
  readonly asked: readonly FrameRange[];
}

/** @returns -ENODEV without another node, -ENOENT where the workload has not mapped the set (without data it cannot) */
export function moveToOtherNode(
  { stuckPfns, mapping }: Pick<TriggerTarget, 'stuckPfns' | 'mapping'>,
  root = '/',
): MoveToNode | number {
  const zones = readZoneinfo(root);
  const from = nodeWithMost(stuckPfns, zones);
  const to = readNodesWithMemory(root).find((node) => node !== from);
  if (from === undefined || to === undefined) return -Errno.ENODEV;
  if (mapping === undefined) return -Errno.ENOENT;
  const asked = runsOf(stuckPfns.filter((pfn) => pfn >= 0 && nodeOf(pfn, zones) !== to));
  return { from, to, mapping, asked };
}

/** Frames that follow each other make one range. */
function runsOf(pfns: Float64Array): readonly FrameRange[] {
  const runs: [number, number][] = [];
  for (const pfn of pfns.slice().sort()) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === pfn) last[1] += 1;
    else runs.push([pfn, pfn + 1]);
  }
  return runs;
}
