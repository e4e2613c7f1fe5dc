/** From the arms' evidence to run.json: each outcome against what this kernel is expected to do. */
import type { ArmEvidence } from './evidence.js';
import { expectationFor } from './expectations.js';
import { judge } from './outcome.js';
import { type Cell, RUN_JSON_VERSION, type RunJson, type Verdict } from './run-json.js';

export interface RunFacts {
  readonly stuckfs: string;
  readonly kernel: string;
  readonly on: string;
  readonly seed: number;
}

export function runJson(facts: RunFacts, arms: readonly ArmEvidence[]): RunJson {
  const writebackInPlace = arms.find((arm) => arm.writebackInPlace !== undefined)?.writebackInPlace;
  const cells = lastAttempts(arms).map((arm) => cellOf(arm, writebackInPlace));
  return { version: RUN_JSON_VERSION, ...facts, verdict: worst(cells.map((cell) => cell.verdict)), cells };
}

/** Of an arm that was played again only the last attempt counts; how many there were is told. */
function lastAttempts(arms: readonly ArmEvidence[]): ArmEvidence[] {
  const last = new Map<string, ArmEvidence>();
  for (const arm of arms) last.set(`${arm.cell} ${arm.kind}`, arm);
  return [...last.values()];
}

function cellOf(arm: ArmEvidence, writebackInPlace: boolean | undefined): Cell {
  const judgement = judge(arm);
  const expectation = expectationFor(arm, { writebackInPlace });
  return {
    scenario: arm.scenario,
    trigger: arm.trigger,
    mitigation: arm.mitigation,
    arm: arm.kind,
    outcome: judgement.outcome,
    expected: expectation?.outcome ?? null,
    decidedBy: expectation?.decidedBy ?? null,
    // Lost data is a failure whatever else happened: the product's first promise.
    verdict: arm.corrupt.length > 0 ? 'fail' : verdictOf(judgement.outcome, expectation?.outcome),
    reason: judgement.reason,
    attempts: arm.attempt,
    evidence: {
      heldRequests: arm.heldRequests,
      heldBytes: arm.heldBytes,
      stuckFolios: arm.stuckFolios,
      stuckWriteback: arm.stuckWriteback,
      stuckMoved: arm.stuckMoved,
      stuckMovedAtEnd: arm.stuckMovedAtEnd,
      controlFolios: arm.controlFolios,
      controlMoved: arm.controlMoved,
      scannerReached: arm.stuckReached,
      controlReached: arm.controlReached,
      triggerMs: arm.triggerMs ?? null,
      heldMs: arm.heldMs ?? null,
      endAfterReleaseMs: arm.endAfterReleaseMs ?? null,
      migrateSucceeded: arm.migrateSucceeded,
      migrateFailed: arm.migrateFailed,
      lostEvents: arm.lostEvents,
      writebackBefore: arm.writebackBefore ?? null,
      writebackAfter: arm.writebackAfter ?? null,
      byteExact: arm.verified ? arm.corrupt.length === 0 : null,
      waiters: arm.waiters.map((waiter) => ({
        role: waiter.role,
        pid: waiter.pid,
        comm: waiter.comm,
        state: waiter.state,
        stack: [...waiter.stack],
        ...(waiter.waitsFor === undefined ? {} : { waitsFor: definedOnly(waiter.waitsFor) }),
      })),
    },
  };
}

function verdictOf(outcome: Cell['outcome'], expected: Cell['outcome'] | undefined): Verdict {
  if (outcome === 'unknown' || expected === undefined) return 'unknown';
  return outcome === expected ? 'pass' : 'fail';
}

/** One verdict for the run: a failure outweighs what is unknown, which outweighs a skip. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  const order: readonly Verdict[] = ['fail', 'unknown', 'skip', 'pass'];
  return order.find((verdict) => verdicts.includes(verdict)) ?? 'unknown';
}

/** Exit status of a run (DESIGN.md section 9). */
export const exitStatusOf: Readonly<Record<Verdict, number>> = { pass: 0, fail: 1, unknown: 3, skip: 4 };

function definedOnly<T extends { readonly pfn?: number | undefined; readonly unique?: string | undefined }>(
  found: T,
): Omit<T, 'pfn' | 'unique'> & { pfn?: number; unique?: string } {
  const { pfn, unique, ...rest } = found;
  return {
    ...rest,
    ...(pfn === undefined ? {} : { pfn }),
    ...(unique === undefined ? {} : { unique }),
  };
}
