/**
 * What of a plan this mount cannot do, or would keep requests held for longer than the watchdog lets them be.
 */
import type { Complaint } from '../base/complaint.js';
import type { Action } from '../fault/actions.js';
import { waitBeyondMaxHold } from '../plan/check-plan.js';
import type { Plan } from '../plan/plan.js';
import type { DaemonConfig } from './config.js';
import { complaintAboutDelay } from './longest-delay.js';

/** The first thing that is certain to be wrong; undefined when nothing is. */
export function complaintAboutPlan(
  plan: Plan,
  config: Pick<DaemonConfig, 'maxHoldMs' | 'maxPages' | 'splice' | 'transport'>,
): Complaint | undefined {
  for (const [index, { faults }] of plan.phases.entries()) {
    for (const [nr, { action }] of faults.entries()) {
      const remedy = complaintAboutDelay(action, config) ?? complaintAboutPin(action, config);
      if (remedy === undefined) continue;
      return { path: ['phases', index, 'faults', nr], value: action, remedy };
    }
  }
  return waitBeyondMaxHold(plan, config.maxHoldMs);
}

/** What the action needs of the mount; undefined where it has it. */
export function complaintAboutPin(
  { type }: Action,
  { splice, transport }: Pick<DaemonConfig, 'splice' | 'transport'>,
): string | undefined {
  if (type !== 'pin' || splice.read) return undefined;
  const how = transport === 'libfuse' ? '--transport dev-fuse --splice read' : '--splice read';
  return `pin leaves the data of a WRITE in the pipe that it came through: mount with ${how}`;
}
