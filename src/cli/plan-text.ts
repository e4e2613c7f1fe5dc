/** A fault plan, and how far it is, as a person reads them. */
import type { Plan, PlanStatus } from '../control/contract/plans.js';
import { describeFault } from '../fault/describe.js';
import { describeFilter } from '../plan/check-plan.js';
import type { Phase, Step } from '../plan/plan.js';
import { describeAge, describeCount } from './amounts.js';
import { type Column, formatTable } from './table.js';

export function describePlan({ seed, phases }: Plan): string {
  const seedText = seed === undefined ? '' : `, seed ${seed}`;
  const lines = phases.flatMap((phase) => [
    phase.name,
    ...phase.faults.map((fault) => `  fault  ${describeFault(fault)}`),
    ...(phase.until === undefined ? [] : [`  until  ${describeCondition(phase.until)}`]),
    ...phase.steps.map((step) => `  step   ${describeStep(step)}`),
    ...(phase.keep ? ['  keep   its faults'] : []),
  ]);
  return [`${describeCount(phases.length, 'phase')}${seedText}`, ...lines].join('\n');
}

function describeCondition(until: NonNullable<Phase['until']>): string {
  if (until === 'never') return 'never';
  const { after, held, requests } = until;
  if (after !== undefined) return `${after} have passed`;
  if (requests !== undefined)
    return `${requests.count} ${describeFilter({ opcodes: requests.opcodes })} have come`;
  if (held === undefined) return '';
  const amount = held.count === undefined ? `at most ${held.atMost}` : `at least ${held.count}`;
  return `${amount} ${describeFilter(held)} are held`;
}

function describeStep(step: Step): string {
  if (typeof step === 'string') return step;
  const { wait, release } = step;
  if (wait !== undefined) return `wait ${wait}`;
  if (release === undefined) return '';
  const { count, fraction, order, never } = release;
  const words = [
    'release',
    ...(count === undefined ? [] : [`${count}`]),
    ...(fraction === undefined ? [] : [`${fraction} of the`]),
    describeFilter(release),
    ...(order === 'reversed' ? ['newest first'] : []),
    ...(never === true ? ['also of never'] : []),
  ];
  return words.join(' ');
}

const columns: readonly Column[] = [
  { title: 'phase' },
  { title: 'state' },
  { title: 'began', align: 'right' },
  { title: 'ended', align: 'right' },
  { title: 'faults' },
  { title: 'released', align: 'right' },
];

export function describePlanStatus({ state, elapsedMs, seed, phases, waitsFor, reason }: PlanStatus): string {
  if (state === 'none') return 'no plan was started\n';
  const rows = phases.map((phase) => [
    phase.name,
    phase.state,
    time(phase.beganMs),
    time(phase.endedMs),
    phase.faultIds.join(','),
    String(phase.released),
  ]);
  const waits = waitsFor === null ? '' : `; it waits for ${waitsFor}`;
  const why = reason === null ? '' : `: ${reason}`;
  return `${formatTable(columns, rows)}\nthe plan ${state === 'running' ? 'runs' : `is ${state}`}${why}, seed ${seed}, begun ${describeAge(elapsedMs)} ago${waits}\n`;
}

function time(ms: number | null): string {
  return ms === null ? '-' : describeAge(ms);
}
