/**
 * `move-pages`: move_pages(2) of the workload's mapping of the stuck file, to another node.
 * Authority: do_pages_move() and do_move_pages_to_node() in mm/migrate.c (MIGRATE_SYNC, MR_SYSCALL).
 */
import { errnoName } from '../base/errno.js';
import { PAGE_SIZE } from '../syscall/memory.js';
import { MPOL_MF_MOVE_ALL, movePages, NO_STATUS } from '../syscall/numa.js';
import { lacksSecondNode, moveToOtherNode } from './other-node.js';
import type { Trigger } from './trigger.js';

/** Counts of `node N`, errno names, and `none`: pages that the kernel gave up before it said anything of them. */
export function countStatus(status: Int32Array): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of status) {
    const word = one === NO_STATUS ? 'none' : one < 0 ? errnoName(-one) : `node ${one}`;
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}

export const movePagesTrigger: Trigger = {
  id: 'move-pages',
  description: "move_pages(2): the workload's pages of the stuck file to another NUMA node",
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'syscall_or_cpuset',
  kernelFunction: 'do_pages_move',
  harmsHost: false,
  reach: 'asked',
  missing: () => lacksSecondNode(),
  pull(target) {
    const move = moveToOtherNode(target);
    if (typeof move === 'number') return { result: move };
    const { address, bytes } = move.mapping;
    const nrPages = Math.ceil(bytes / PAGE_SIZE);
    const { result, status } = movePages(
      target.workloadPid,
      address,
      nrPages,
      PAGE_SIZE,
      move.to,
      MPOL_MF_MOVE_ALL,
    );
    // A positive one counts pages that were not moved: the status has them, too.
    return { result: Math.min(result, 0), pageStatus: countStatus(status), asked: move.asked };
  },
};
