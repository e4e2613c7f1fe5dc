/**
 * A run as a list of tests, as CI systems know them: one for each arm, each dose and response, each set of repeats.  KTAP and JUnit
 * print it.  Names are stable from run to run and kernel to kernel, and hold no slash, blank or `#`
 * (Documentation/dev-tools/ktap.rst).
 */
import type { Cell, DoseResponse, Repeats, RunJson, Verdict } from '../run-json.js';

export interface TestCase {
  /** scenario.trigger.arm.variant.mitigation.transport; a part that there is none of is `-`. The second time: `.2`. */
  readonly name: string;
  readonly suite: string;
  readonly verdict: Verdict;
  /** One line: why. */
  readonly message: string;
  /** Of a failure only. */
  readonly failureType: 'hang' | 'outcome' | 'data';
  /** One line each. */
  readonly details: readonly string[];
  readonly durationMs: number;
}

export function testCases(run: RunJson): TestCase[] {
  const cases = [
    ...run.cells.map(cellCase),
    ...run.doseResponses.map(doseCase),
    ...run.repeats.map(repeatsCase),
    ...damageCases(run),
  ];
  const seen = new Map<string, number>();
  return cases.map((one) => {
    const times = (seen.get(one.name) ?? 0) + 1;
    seen.set(one.name, times);
    return times === 1 ? one : { ...one, name: `${one.name}.${times}` };
  });
}

function cellCase(cell: Cell): TestCase {
  const { scenario, trigger, variant, mitigation, transport, repeat } = cell;
  const { verdict, outcome, expected, evidence } = cell;
  const isLost = evidence.byteExact === false;
  return {
    name: `${nameOf([scenario, trigger, armOf(cell), variant, mitigation, transport])}${repeat === 1 ? '' : `.${repeat}`}`,
    suite: part(scenario),
    verdict,
    message: cell.reason ?? `${outcome}, ${expected ?? 'nothing'} expected`,
    failureType: isLost ? 'data' : isHang(cell) ? 'hang' : 'outcome',
    details: detailsOf(cell),
    durationMs: evidence.triggerMs ?? 0,
  };
}

/** It waited until it was let go, and should not have; where the server answers by itself in time it is late at most. */
function isHang({ outcome, expected, evidence }: Cell): boolean {
  return outcome === 'stalled' && expected !== 'stalled' && evidence.delayMs === null;
}

/** The same name for an arm whether it was played or skipped. */
function armOf(one: Cell | Repeats): string {
  return one.arm ?? ('skippedArm' in one ? one.skippedArm : null) ?? 'all';
}

function detailsOf(cell: Cell): string[] {
  const { outcome, expected, decidedBy, evidence } = cell;
  if (cell.arm === null) return [];
  const { stuckMoved, stuckFolios, controlMoved, controlFolios, heldRequests, lostEvents } = evidence;
  return [
    `outcome ${outcome}, expected ${expected ?? '-'}`,
    ...(cell.reason === undefined ? [] : [`because: ${cell.reason}`]),
    ...(decidedBy === null ? [] : [`decided by: ${decidedBy}`]),
    ...cell.earlier.map(
      ({ attempt, outcome, inconclusive, reason }) =>
        `attempt ${attempt}, ${inconclusive ? 'inconclusive' : outcome}: ${reason}`,
    ),
    `moved ${stuckMoved} of ${stuckFolios} stuck ${evidence.folios === null ? 'folios' : 'pages'}, ${controlMoved} of ${controlFolios} beside them`,
    `held ${heldRequests} requests; trigger ${inMs(evidence.triggerMs)}`,
    ...(evidence.stallMs === null ? [] : [`stall ${inMs(evidence.stallMs)} in one migration`]),
    ...(lostEvents === 0 ? [] : [`the trace lost ${lostEvents} events`]),
    ...evidence.waiters.map(
      ({ comm, pid, role, state, stack }) =>
        `waiter ${comm}[${pid}] (${role}), state ${state}: ${stack.join(' < ')}`,
    ),
  ];
}

function doseCase(curve: DoseResponse): TestCase {
  const { scenario, trigger, transport, verdict, slope, points } = curve;
  return {
    name: nameOf([scenario, trigger, 'dose-response', null, 'none', transport]),
    suite: part(scenario),
    verdict,
    message: curve.reason,
    failureType: 'outcome',
    details: [
      `slope ${slope?.toFixed(3) ?? '-'}, 1 expected`,
      ...points.map(({ delayMs, stallMs }) => `delay ${inMs(delayMs)}, stall ${inMs(stallMs)}`),
    ],
    durationMs: 0,
  };
}

/** Without it a report that is damaged elsewhere than in an arm would pass. */
function damageCases({ damage }: RunJson): TestCase[] {
  const [first] = damage;
  if (first === undefined) return [];
  const name = 'run-directory';
  const rest = { failureType: 'outcome', details: damage, durationMs: 0 } as const;
  return [{ name, suite: name, verdict: 'unknown', message: `damaged: ${first}`, ...rest }];
}

/** What does not come out the same way each time is not known, though each time was as expected. */
function repeatsCase(one: Repeats): TestCase {
  const { scenario, trigger, variant, mitigation, transport, flapping, runs, skipped, outcomes } = one;
  const came = Object.entries(outcomes).map(([outcome, times]) => `${outcome} ${times} times`);
  if (skipped > 0) came.push(`skipped ${skipped} times more`);
  return {
    name: nameOf([scenario, trigger, armOf(one), variant, mitigation, transport, 'repeats']),
    suite: part(scenario),
    verdict: flapping ? 'unknown' : 'pass',
    message: `${flapping ? 'flapping: ' : ''}of ${runs} runs ${came.join(', ')}`,
    failureType: 'outcome',
    details: [`of ${runs} runs ${came.join(', ')}`],
    durationMs: 0,
  };
}

function inMs(ms: number | null): string {
  return ms === null ? 'unknown' : `${ms.toFixed(0)} ms`;
}

function nameOf(parts: readonly (string | null)[]): string {
  return parts.map((one) => part(one ?? '')).join('.');
}

/** The dot parts names; what a parser or a file system could take for something else becomes `_`. */
function part(text: string): string {
  return text === '' ? '-' : text.replaceAll(/[^\w+-]/g, '_');
}
