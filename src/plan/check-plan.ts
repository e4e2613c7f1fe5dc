/**
 * The checks that need the whole plan: what is unreachable, what can never come true.  Refused is only what is
 * certain of this plan by itself; a fault that somebody adds from outside does not count.
 */
import type { Complaint } from '../base/complaint.js';
import { parseDuration } from '../base/duration.js';
import { canMatchRange, MayHold } from './may-hold.js';
import { type Condition, type Phase, type Plan, PlanShape } from './plan.js';

interface PlanComplaint {
  readonly path: PropertyKey[];
  readonly message: string;
}

/** Of all phases together: whoever checks a plan, and whoever looks for a fault, goes through them all. */
const maxFaults = 1000;

/** A plan, its static checks included. */
export const PlanSpec = PlanShape.superRefine((plan, context) => {
  for (const { path, message } of complaintsAbout(plan)) {
    context.addIssue({ code: 'custom', path, message });
    return;
  }
});

/** The first is enough. */
function* complaintsAbout({ phases }: Plan): Generator<PlanComplaint> {
  const nrFaults = phases.reduce((sum, { faults }) => sum + faults.length, 0);
  if (nrFaults > maxFaults) {
    const message = `have ${nrFaults} faults in all; give at most ${maxFaults}`;
    yield { path: ['phases'], message };
  }
  const mayHold = new MayHold(phases);
  for (const [index, phase] of phases.entries()) {
    const complaints = [
      ...complaintsAboutOrder(phases, index),
      ...complaintsAboutFaults(phase),
      ...complaintsAboutCondition(mayHold, phase, index),
    ];
    for (const { path, message } of complaints) yield { path: ['phases', index, ...path], message };
  }
}

function complaintsAboutOrder(phases: readonly Phase[], index: number): PlanComplaint[] {
  const phase = phases[index];
  if (phase === undefined) return [];
  const { name, faults, until, steps, keep } = phase;
  const before = phases.slice(0, index);
  if (before.some((other) => other.name === name))
    return [{ path: ['name'], message: 'is the name of an earlier phase; give each a name of its own' }];
  const endless = before.find((other) => other.until === 'never');
  if (endless !== undefined) {
    const message = `can never be reached: "${endless.name}" before it waits until never; make that the last phase`;
    return [{ path: ['name'], message }];
  }
  if (until === 'never' && steps.length > 0)
    return [{ path: ['steps'], message: 'can never be reached behind until: never; leave them out' }];
  if (until !== undefined || steps.length > 0) return [];
  if (faults.length === 0)
    return [{ path: ['name'], message: 'is a phase of nothing; give faults, until or steps' }];
  if (keep) return [];
  const message = 'would be removed as soon as they are armed; give until, steps, or keep: true';
  return [{ path: ['faults'], message }];
}

function complaintsAboutFaults({ faults }: Phase): PlanComplaint[] {
  return faults.flatMap((fault, nr) =>
    canMatchRange(fault)
      ? []
      : [
          {
            path: ['faults', nr, 'match', 'range'],
            message: `can never match: none of ${(fault.match.opcodes ?? []).map(short).join(', ')} is about bytes of a file`,
          },
        ],
  );
}

function complaintsAboutCondition(mayHold: MayHold, { until }: Phase, index: number): PlanComplaint[] {
  if (until === undefined || until === 'never' || until.held?.count === undefined) return [];
  const { held } = until;
  const { count = 0 } = held;
  const most = mayHold.most(index, held, count);
  if (most >= count) return [];
  const what = describeFilter(held);
  const message =
    most === 0
      ? `can never be: by then no fault of this plan can hold ${what}; arm one that does (hold, delay ...)`
      : `can never be: by then the faults of this plan can hold ${what} ${most} at the most`;
  return [{ path: ['until', 'held'], message: `${message}. Faults added from outside do not count` }];
}

/** The opcodes and the path, as words. */
export function describeFilter({ opcodes, path }: NonNullable<Condition['held']>): string {
  const what = opcodes === undefined ? 'requests' : opcodes.map(short).join(',');
  return path === undefined ? what : `${what} of ${path}`;
}

function short(opcode: string): string {
  return opcode.replace(/^FUSE_/, '');
}

/**
 * What the watchdog would end: a wait for as long as anything may be held, with requests held that this plan itself
 * has waited for and not released.  Undefined where there is none.
 */
export function waitBeyondMaxHold({ phases }: Plan, maxHoldMs: number): Complaint | undefined {
  for (const [index, { until, steps }] of phases.entries()) {
    if (until === undefined || until === 'never' || until.held?.count === undefined) continue;
    let waitedMs = 0;
    for (const [nr, step] of steps.entries()) {
      // What a release leaves behind is not known, so that is where certainty ends.
      if (typeof step === 'string' || step.wait === undefined) break;
      waitedMs += parseDuration('wait', step.wait);
      if (waitedMs < maxHoldMs) continue;
      const remedy =
        `keeps requests held for ${waitedMs} ms, and after --max-hold (${maxHoldMs} ms) the watchdog aborts: ` +
        'wait less, or mount with a longer --max-hold';
      return { path: ['phases', index, 'steps', nr, 'wait'], value: step.wait, remedy };
    }
  }
  return undefined;
}
