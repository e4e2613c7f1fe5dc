/** The triggers, a line each. */
import { cmaAlloc } from './cma-alloc.js';
import { compact } from './compact.js';
import { compactNode } from './compact-node.js';
import { dimmUnplug } from './dimm-unplug.js';
import { giganticAlloc } from './gigantic-alloc.js';
import { hugetlbAlloc } from './hugetlb-alloc.js';
import { mbindTrigger } from './mbind.js';
import { migratePagesTrigger } from './migrate-pages.js';
import { movePagesTrigger } from './move-pages.js';
import { offline } from './offline.js';
import { softOffline } from './soft-offline.js';
import { thpCollapse } from './thp-collapse.js';
import { thpFault } from './thp-fault.js';
import type { Trigger } from './trigger.js';

export const triggers: readonly Trigger[] = [
  compact,
  compactNode,
  hugetlbAlloc,
  thpCollapse,
  thpFault,
  movePagesTrigger,
  migratePagesTrigger,
  mbindTrigger,
  offline,
  softOffline,
  dimmUnplug,
  giganticAlloc,
  cmaAlloc,
];

export function findTrigger(id: string): Trigger | undefined {
  return triggers.find((trigger) => trigger.id === id);
}
