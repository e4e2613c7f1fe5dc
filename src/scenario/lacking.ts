/**
 * Why a cell cannot be played here: its transport, this machine, or what its trigger may do to it.  A reason to skip the
 * cell, loudly, and go on with the others; what every cell needs is checked in run.ts.
 */
import { requirements } from '../kernel/requirements/all.js';
import { checkRequirements, isMissing } from '../kernel/requirements/requirement.js';
import { detectVirtualization, type Virtualization } from '../kernel/virtualization.js';
import type { Trigger } from '../trigger/trigger.js';
import type { WantedCell } from './cells.js';

export async function lackingFor(cell: WantedCell, disposable: boolean): Promise<string | undefined> {
  const { scenario, trigger, transport } = cell;
  if (!scenario.transports.includes(transport)) return `${transport} lacks what it needs: ${scenario.needs}`;
  const needed = [...(transport === 'libfuse' ? ['libfuse'] : []), ...(scenario.requires ?? [])];
  const rows = await checkRequirements(
    requirements.filter(({ neededFor }) => neededFor.some((one) => needed.includes(one))),
  );
  const missing = rows.find(isMissing);
  if (missing !== undefined)
    return `${missing.requirement}: ${missing.found}${missing.remedy === undefined ? '' : ` (${missing.remedy})`}`;
  return lackingForTrigger(trigger, disposable, detectVirtualization());
}

/** @param disposable the user says that this machine may be harmed */
export function lackingForTrigger(
  trigger: Trigger,
  disposable: boolean,
  { guest, container, evidence }: Virtualization,
): string | undefined {
  const lacking = trigger.missing();
  if (lacking !== undefined) return `trigger ${trigger.id}: ${lacking}`;
  if (disposable) return undefined;
  const orElse = 'run it in a VM, or give --i-know-this-host-is-disposable';
  if (trigger.harmsHost)
    return `trigger ${trigger.id} can take memory or service from this machine for good: ${orElse}`;
  // In a VM guest the machine is hardly anybody else's.
  if (trigger.allocatesHugePages === true && container && !guest)
    return (
      `trigger ${trigger.id} takes nearly all free memory of the whole machine for a while, also that of what runs beside ` +
      `this container (${evidence.at(-1)}): ${orElse}`
    );
  return undefined;
}
