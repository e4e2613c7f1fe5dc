/**
 * What the triggers that move between NUMA nodes share: whether there are two, and what is checked before the call:
 * which node to move to, and whether the set is mapped.  What is asked for, and how, is each one's own.
 */
import { Errno } from '../base/errno.js';
import { hasMemoryPath, nodeWithMost, readNodesWithMemory } from '../kernel/numa-nodes.js';
import { readZoneinfo } from '../kernel/zoneinfo.js';
import type { Mapping, TriggerTarget } from './trigger.js';

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
}

/** @returns -ENODEV without another node, -ENOENT where the workload has not mapped the set (without data it cannot) */
export function moveToOtherNode(
  { stuckPfns, mapping }: Pick<TriggerTarget, 'stuckPfns' | 'mapping'>,
  root = '/',
): MoveToNode | number {
  const from = nodeWithMost(stuckPfns, readZoneinfo(root));
  const to = readNodesWithMemory(root).find((node) => node !== from);
  if (from === undefined || to === undefined) return -Errno.ENODEV;
  return mapping === undefined ? -Errno.ENOENT : { from, to, mapping };
}
