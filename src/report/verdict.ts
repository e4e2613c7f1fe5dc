/** From the arms' evidence to run.json: each outcome against what this kernel is expected to do. */
import { attemptsOf, withEarlier } from './attempts.js';
import { doseResponse } from './dose-response.js';
import type { ArmEvidence, CostEvidence } from './evidence.js';
import { expectationFor } from './expectations.js';
import type { Expectation } from './expected/expectation.js';
import { judge } from './outcome.js';
import { repeatsOf, unknownWhereFlapping } from './repeats.js';
import { type Cell, RUN_JSON_VERSION, type RunJson, type Verdict } from './run-json.js';
import type { ServerPagesEvidence } from './server-pages.js';
import type { SkippedCell, UnplayedArm } from './unplayed.js';
import type { UntrustedEvidence } from './untrusted.js';

export interface RunFacts {
  readonly stuckfs: string;
  readonly kernel: string;
  readonly on: string;
  readonly seed: number;
}

export function runJson(
  facts: RunFacts,
  arms: readonly ArmEvidence[],
  skipped: readonly SkippedCell[] = [],
  unplayed: readonly UnplayedArm[] = [],
  damage: readonly string[] = [],
): RunJson {
  const writebackInPlace = arms.find((arm) => arm.writebackInPlace !== undefined)?.writebackInPlace;
  const played = attemptsOf(arms);
  const controlFreed = (index: number) =>
    countedCost(played.find(({ last: { cell, kind } }) => cell === index && kind === 'control')?.last)
      ?.pageblocksFreed;
  const judged = played.map((attempts) => {
    const arm = attempts.last;
    const cell = cellOf(arm, writebackInPlace, controlFreed(arm.cell));
    return { arm, cell: withEarlier(cell, attempts) };
  });
  const inOrder = [
    ...judged.map(({ arm, cell }) => ({ order: arm.cell, cell })),
    ...skipped.map((one) => ({ order: one.cell, cell: skippedCell(one) })),
    ...unplayed.map((one) => ({ order: one.cell, cell: unplayedCell(one) })),
  ].sort((a, b) => a.order - b.order);
  const cells = unknownWhereFlapping(inOrder.map(({ cell }) => cell));
  const doseResponses = [...new Set(judged.map(({ arm }) => arm.cell))].flatMap((index) => {
    const ofCell = judged.filter(({ arm }) => arm.cell === index);
    const curve = doseResponse(
      ofCell.map(({ arm, cell }) => ({
        evidence: arm,
        outcome: cell.outcome,
        expected: cell.expected ?? undefined,
      })),
    );
    return curve === undefined ? [] : [curve];
  });
  const repeats = repeatsOf(cells);
  const damaged: readonly Verdict[] = damage.length > 0 ? ['unknown'] : [];
  const verdicts = [...cells, ...doseResponses].map((one) => one.verdict);
  const verdict = worst([...verdicts, ...damaged]);
  return {
    version: RUN_JSON_VERSION,
    ...facts,
    verdict,
    cells,
    doseResponses,
    repeats,
    features: { writebackInPlace: writebackInPlace ?? null },
    damage: [...damage],
  };
}

function skippedCell({ reason, variant, mitigation = 'none', kind, ...cell }: SkippedCell): Cell {
  const arm = { arm: null, skippedArm: kind, variant: variant ?? null, mitigation };
  return { ...unjudged(cell), ...arm, verdict: 'skip', reason };
}

function unplayedCell({ kind, variant, mitigation, reason, ...cell }: UnplayedArm): Cell {
  return { ...unjudged(cell), mitigation, arm: kind, variant, verdict: 'unknown', reason };
}

function unjudged({
  scenario,
  trigger,
  transport,
  repeat,
}: Omit<SkippedCell, 'reason' | 'variant' | 'mitigation' | 'kind'>) {
  return {
    scenario,
    trigger,
    transport,
    repeat,
    outcome: 'unknown' as const,
    expected: null,
    decidedBy: null,
    skippedArm: null,
    attempts: 0,
    earlier: [],
    evidence: noEvidence,
  };
}

const noEvidence: Cell['evidence'] = {
  stuckBy: null,
  heldRequests: 0,
  heldOthers: 0,
  heldBytes: 0,
  stuckFolios: 0,
  stuckWriteback: 0,
  stuckLocked: 0,
  stuckMoved: 0,
  stuckMovedAtEnd: 0,
  controlFolios: 0,
  controlMoved: 0,
  scannerReached: 0,
  controlReached: 0,
  triggerMs: null,
  heldMs: null,
  endAfterReleaseMs: null,
  delayMs: null,
  stallMs: null,
  migrateSucceeded: 0,
  migrateFailed: 0,
  migrateSucceededNearSet: 0,
  migrateFailedNearSet: 0,
  repliesRefused: null,
  lostEvents: 0,
  writebackBefore: null,
  writebackAfter: null,
  untrusted: null,
  cost: null,
  serverPages: null,
  mitigation: null,
  folios: null,
  byteExact: null,
  waiters: [],
};

function cellOf(
  arm: ArmEvidence,
  writebackInPlace: boolean | undefined,
  controlFreed: number | undefined,
): Cell {
  const judgement = judge(arm);
  const expectation = expectationFor(arm, { writebackInPlace });
  const outcomeVerdict = verdictOf(judgement.outcome, expectation?.outcome);
  const freed = freedVerdict(arm, expectation?.frees);
  return {
    scenario: arm.scenario,
    trigger: arm.trigger,
    transport: arm.transport,
    mitigation: arm.mitigation,
    repeat: arm.repeat,
    arm: arm.kind,
    skippedArm: null,
    variant: arm.variant ?? null,
    outcome: judgement.outcome,
    expected: expectation?.outcome ?? null,
    decidedBy: expectation?.decidedBy ?? null,
    // Lost data is a failure whatever else happened: the product's first promise.
    verdict: arm.corrupt.length > 0 ? 'fail' : worst([outcomeVerdict, freed?.verdict ?? 'pass']),
    reason: [
      judgement.reason,
      ...(freed === undefined ? [] : [freed.reason]),
      ...(expectation === undefined && judgement.outcome !== 'unknown' ? [unexpected(writebackInPlace)] : []),
    ].join('; '),
    attempts: arm.attempt,
    earlier: [],
    evidence: {
      stuckBy: arm.stuckBy,
      heldRequests: arm.heldRequests,
      heldOthers: arm.heldOthers,
      heldBytes: arm.heldBytes,
      stuckFolios: arm.stuckFolios,
      stuckWriteback: arm.stuckWriteback,
      stuckLocked: arm.stuckLocked,
      stuckMoved: arm.stuckMoved,
      stuckMovedAtEnd: arm.stuckMovedAtEnd,
      controlFolios: arm.controlFolios,
      controlMoved: arm.controlMoved,
      scannerReached: arm.stuckReached,
      reach: arm.reach ?? 'scanner',
      triggerResult: arm.triggerResult ?? null,
      ...(arm.pageStatus === undefined ? {} : { pageStatus: arm.pageStatus }),
      ...(arm.unplugged === undefined ? {} : { unplugged: arm.unplugged }),
      controlReached: arm.controlReached,
      triggerMs: arm.triggerMs ?? null,
      heldMs: arm.heldMs ?? null,
      endAfterReleaseMs: arm.endAfterReleaseMs ?? null,
      delayMs: arm.delayMs ?? null,
      stallMs: arm.stallMs ?? null,
      migrateSucceeded: arm.migrateSucceeded,
      migrateFailed: arm.migrateFailed,
      migrateSucceededNearSet: arm.migrateSucceededNearSet,
      migrateFailedNearSet: arm.migrateFailedNearSet,
      repliesRefused: arm.repliesRefused ?? null,
      lostEvents: arm.lostEvents,
      writebackBefore: arm.writebackBefore ?? null,
      writebackAfter: arm.writebackAfter ?? null,
      untrusted: arm.untrusted === undefined || arm.untrusted === null ? null : untrustedOf(arm.untrusted),
      cost: costOf(countedCost(arm), controlFreed),
      serverPages: arm.serverPages ? serverPagesOf(arm.serverPages) : null,
      mitigation: mitigationOf(arm, expectation),
      folios: arm.folios ?? null,
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

/** Why an outcome that is proven has no verdict. */
function unexpected(writebackInPlace: boolean | undefined): string {
  return writebackInPlace === undefined
    ? 'no verdict: what is expected may depend on whether writeback is in place, which no arm of this run has shown ' +
        '(writeback-held shows it)'
    : 'no verdict: nothing is expected of this arm';
}

/** Whether the mitigation did what it must; undefined where nothing is asked of it. */
function freedVerdict(
  { mitigated }: ArmEvidence,
  expected: boolean | undefined,
): { readonly verdict: Verdict; readonly reason: string } | undefined {
  if (!mitigated || expected === undefined) return undefined;
  const { frees, toFirstMigrationMs, freedFolios } = mitigated;
  if (frees === null) return { verdict: 'unknown', reason: 'whether it freed the set was not seen' };
  const reason =
    toFirstMigrationMs === null
      ? 'none of the set moved after it'
      : `the first of the set moved ${toFirstMigrationMs.toFixed(0)} ms after it, ${freedFolios} in all`;
  return { verdict: frees === expected ? 'pass' : 'fail', reason };
}

function mitigationOf({ mitigated }: ArmEvidence, expectation: Expectation | undefined) {
  if (!mitigated) return null;
  return {
    ...mitigated,
    expectedToFree: expectation?.frees ?? null,
    told: mitigated.told.map((one) => ({ ...one })),
  };
}

function countedCost(arm: ArmEvidence | undefined): CostEvidence | undefined {
  return typeof arm?.cost === 'string' ? undefined : arm?.cost;
}

function costOf(cost: CostEvidence | undefined, controlFreed: number | undefined): Cell['evidence']['cost'] {
  if (cost === undefined) return null;
  const { exhausted: _, stuckInFreed: _1, stuckInFreedMoved: _2, stuckInFreedGone: _3, ...told } = cost;
  return { ...told, controlPageblocksFreed: controlFreed ?? null };
}

function untrustedOf(found: UntrustedEvidence): Cell['evidence']['untrusted'] {
  return { ...found, writerStack: found.writerStack === null ? null : [...found.writerStack] };
}

function serverPagesOf(found: ServerPagesEvidence): Cell['evidence']['serverPages'] {
  return { ...found, pageblocks: found.pageblocks.map((share) => ({ ...share })) };
}

function verdictOf(outcome: Cell['outcome'], expected: Cell['outcome'] | undefined): Verdict {
  if (outcome === 'unknown' || expected === undefined) return 'unknown';
  return outcome === expected ? 'pass' : 'fail';
}

/** One verdict for the run: a failure outweighs what is unknown; skipped is only a run of which nothing was played. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  const order: readonly Verdict[] = ['fail', 'unknown', 'pass', 'skip'];
  return order.find((verdict) => verdicts.includes(verdict)) ?? 'unknown';
}

/** For `git bisect run`: good, bad, and what says nothing about this kernel. */
export const bisectStatusOf: Readonly<Record<Verdict, number>> = {
  pass: 0,
  fail: 1,
  unknown: 125,
  skip: 125,
};

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
