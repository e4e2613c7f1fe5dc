/**
 * What of a plan would keep requests held for longer than the watchdog lets them be.
 */
import type { Complaint } from '../base/complaint.js';
import { waitBeyondMaxHold } from '../plan/check-plan.js';
import type { Plan } from '../plan/plan.js';
import type { DaemonConfig } from './config.js';
import { complaintAboutDelay } from './longest-delay.js';

/** The first thing that is certain to be too long; undefined when nothing is. */
export function complaintAboutHolding(
  plan: Plan,
  config: Pick<DaemonConfig, 'maxHoldMs' | 'maxPages'>,
): Complaint | undefined {
  for (const [index, { faults }] of plan.phases.entries()) {
    for (const [nr, { action }] of faults.entries()) {
      const remedy = complaintAboutDelay(action, config);
      if (remedy === undefined) continue;
      return { path: ['phases', index, 'faults', nr], value: action, remedy };
    }
  }
  return waitBeyondMaxHold(plan, config.maxHoldMs);
}
