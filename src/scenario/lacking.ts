/**
 * Why a cell, or an arm of one, cannot be played here: its transport, this machine, or what its trigger may do to it.  A
 * reason to skip it, loudly, and go on with the others; what every cell needs is checked in run.ts.
 */
import { PATIENCE_VARIABLE, patienceOf, patient } from '../base/patience.js';
import { requirements } from '../kernel/requirements/all.js';
import { checkRequirements, isMissing } from '../kernel/requirements/requirement.js';
import { detectVirtualization, type Virtualization } from '../kernel/virtualization.js';
import type { Trigger } from '../trigger/trigger.js';
import type { WantedCell } from './cells.js';
import { lackingPageGiver } from './page-giver.js';
import type { ArmDesign } from './scenario.js';

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

/** What an arm takes, on a fast machine, until its stuck set is named and its trigger waits. */
const SEEN_WITHIN_MS = 150;

/** Of one arm, whose cell has others perhaps that can be played. */
export function lackingForArm(design: ArmDesign, runDirectory: string): string | undefined {
  return lackingPageGiver(design, runDirectory) ?? lackingTime(design);
}

function lackingTime({ misbehaviour }: ArmDesign): string | undefined {
  if (misbehaviour.kind !== 'delay' || misbehaviour.delayMs >= patient(SEEN_WITHIN_MS)) return undefined;
  return (
    `a delay of ${misbehaviour.delayMs} ms is over before the stuck set is seen where ${PATIENCE_VARIABLE} is ` +
    `${patienceOf(process.env)}: needs a faster CPU, or one that is not emulated`
  );
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
