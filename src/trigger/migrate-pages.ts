/**
 * `migrate-pages`: migrate_pages(2), all that the workload has on the node of the stuck set to another one.
 * Authority: kernel_migrate_pages() and migrate_to_node() in mm/mempolicy.c (MIGRATE_SYNC, MR_SYSCALL).
 */
import { migratePages } from '../syscall/numa.js';
import { lacksSecondNode, moveToOtherNode } from './other-node.js';
import type { Trigger } from './trigger.js';

export const migratePagesTrigger: Trigger = {
  id: 'migrate-pages',
  description: 'migrate_pages(2): all of the workload that is on the node of the stuck set, to another node',
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'syscall_or_cpuset',
  kernelFunction: 'migrate_to_node',
  harmsHost: false,
  reach: 'asked',
  missing: () => lacksSecondNode(),
  pull(target) {
    const move = moveToOtherNode(target);
    if (typeof move === 'number') return { result: move };
    // A positive answer counts pages that were not moved: the trace has them, too.
    const result = Math.min(migratePages(target.workloadPid, [move.from], [move.to]), 0);
    return { result, asked: move.asked };
  },
};
