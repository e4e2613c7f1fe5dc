/** The triggers, a line each. */
import { compact } from './compact.js';
import { compactNode } from './compact-node.js';
import { mbindTrigger } from './mbind.js';
import { migratePagesTrigger } from './migrate-pages.js';
import { movePagesTrigger } from './move-pages.js';
import type { Trigger } from './trigger.js';

export const triggers: readonly Trigger[] = [
  compact,
  compactNode,
  movePagesTrigger,
  migratePagesTrigger,
  mbindTrigger,
];

export function findTrigger(id: string): Trigger | undefined {
  return triggers.find((trigger) => trigger.id === id);
}
