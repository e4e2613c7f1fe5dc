/**
 * From what became of each boot to one table: every planned arm on every kernel, and what changed from kernel to kernel.
 * What no run tells is `unknown`, with the reason. Pure.
 */
import { identityOf, isSkipOf, spread } from '../report/repeats.js';
import type { Cell, CellId, RunJson, Verdict } from '../report/run-json.js';
import { worst } from '../report/verdict.js';
import type { BootEnd } from './boot-end.js';
import {
  MATRIX_JSON_VERSION,
  type MatrixBoot,
  type MatrixEntry,
  type MatrixJson,
  type MatrixRow,
} from './matrix-json.js';
import type { MatrixPlan, PlannedArm, PlannedBoot, PlannedKernel } from './matrix-plan.js';
import { armsOfBoot } from './plan.js';

/** What is left of a boot, once it is played or not. */
export interface BootResult {
  readonly kernel: PlannedKernel;
  readonly boot: PlannedBoot;
  readonly end: BootEnd | undefined;
  /** Judged from its run directory; undefined where there is none. */
  readonly report: RunJson | undefined;
  /** Where that is, for the reader. */
  readonly directory: string | undefined;
  /** Why it has none, where `end` does not say. */
  readonly missing: string | undefined;
  /** It is of a shard that is not here. */
  readonly isElsewhere?: boolean;
}

/** What the verdict is of: all of the plan, or what of it is not for another shard to play. */
export type Judged = 'all' | 'own';

export function mergeMatrix(
  plan: MatrixPlan,
  results: readonly BootResult[],
  shards: readonly string[],
  judged: Judged = 'all',
): MatrixJson {
  const rows = plan.arms.map((arm) => rowOf(arm, plan, results));
  const boots = results.map((result) => bootOf(result, plan));
  const doseResponses = results.flatMap(dosesOf);
  const elsewhere = new Set(results.filter(({ isElsewhere }) => isElsewhere).map(keyOf));
  const counts = (kernel: string, boot: string | null) =>
    judged === 'all' || !elsewhere.has(`${kernel} ${boot}`);
  const verdicts = [
    ...rows
      .flatMap(({ kernels }) => kernels.filter(({ kernel, boot }) => counts(kernel, boot)))
      .map(({ verdict }) => verdict),
    ...boots.filter(({ kernel, name }) => counts(kernel, name)).map(({ verdict }) => verdict),
    ...doseResponses.map(({ verdict }) => verdict),
  ];
  return {
    version: MATRIX_JSON_VERSION,
    stuckfs: plan.stuckfs,
    plan: plan.id,
    shards: [...shards],
    verdict: worst(verdicts),
    kernels: plan.kernels,
    boots,
    rows,
    doseResponses,
  };
}

function keyOf({ kernel, boot }: BootResult): string {
  return `${kernel.label} ${boot.name}`;
}

function bootOf({ kernel, boot, end, report, directory }: BootResult, plan: MatrixPlan): MatrixBoot {
  const failure = end?.end.kind === 'failed' ? end.end : undefined;
  return {
    kernel: kernel.label,
    name: boot.name,
    state: report !== undefined ? 'ended' : failure !== undefined ? 'failed' : 'not-played',
    directory: directory ?? null,
    arms: armsOfBoot(plan, boot).length * plan.played.repeat,
    accel: end?.accel ?? null,
    guestMs: end?.end.kind === 'ended' ? end.end.guestMs : null,
    hostMs: end?.hostMs ?? null,
    verdict: report === undefined ? 'unknown' : verdictOf(boot, report),
    damage: report?.damage ?? [],
    failure:
      failure === undefined ? null : { code: failure.code, message: failure.message, tail: failure.tail },
  };
}

/** What another boot tells of is not its own, as where its time ran out. */
function verdictOf(boot: PlannedBoot, { cells, doseResponses, damage }: RunJson): Verdict {
  const own = [...cells, ...doseResponses].filter(({ scenario, trigger }) =>
    boot.cells.some((cell) => cell.scenario === scenario && cell.trigger === trigger),
  );
  return worst([...own.map(({ verdict }) => verdict), ...(damage.length > 0 ? (['unknown'] as const) : [])]);
}

function rowOf(arm: PlannedArm, plan: MatrixPlan, results: readonly BootResult[]): MatrixRow {
  const kernels = plan.kernels.map(({ label }) => {
    const result = results.find(
      ({ kernel, boot }) =>
        kernel.label === label &&
        boot.cells.some(({ scenario, trigger }) => scenario === arm.scenario && trigger === arm.trigger),
    );
    return entryOf(arm, label, result);
  });
  return { ...arm, kernels, changes: changesOf(kernels) };
}

function entryOf(arm: PlannedArm, kernel: string, result: BootResult | undefined): MatrixEntry {
  const boot = result?.boot.name ?? null;
  if (result?.report === undefined) return { ...nothing(kernel, boot), reason: whyMissing(result) };
  const { cells } = result.report;
  const played = playedAs(arm, cells);
  const [last] = played.slice(-1);
  if (last === undefined) {
    const skip = cells.find((row) => isSkipOf(row, arm));
    return skip === undefined
      ? { ...nothing(kernel, boot), reason: 'its run does not have this arm' }
      : { ...nothing(kernel, boot), state: 'skipped', verdict: 'skip', reason: skip.reason ?? null };
  }
  const outcomes = [...new Set(played.map(({ outcome }) => outcome))];
  const isFlapping = outcomes.length > 1;
  return {
    kernel,
    boot,
    state: 'played',
    outcome: isFlapping ? 'unknown' : last.outcome,
    expected: last.expected,
    decidedBy: last.decidedBy,
    verdict: worst(played.map(({ verdict }) => verdict)),
    reason: isFlapping ? `came out as ${outcomes.join(' and ')}` : (last.reason ?? null),
    runs: played.length,
    triggerMs: spread(played.map(({ evidence }) => evidence.triggerMs)),
    stallMs: spread(played.map(({ evidence }) => evidence.stallMs)),
    evidence: `${result.directory}/run.json#/cells/${cells.indexOf(last)}`,
  };
}

function playedAs(arm: CellId, cells: readonly Cell[]): readonly Cell[] {
  const identity = identityOf(arm);
  return cells.filter((cell) => cell.arm !== null && identityOf(cell) === identity);
}

function nothing(kernel: string, boot: string | null): MatrixEntry {
  return {
    kernel,
    boot,
    state: 'missing',
    outcome: 'unknown',
    expected: null,
    decidedBy: null,
    verdict: 'unknown',
    reason: null,
    runs: 0,
    triggerMs: null,
    stallMs: null,
    evidence: null,
  };
}

function whyMissing(result: BootResult | undefined): string {
  const end = result?.end?.end;
  if (end?.kind === 'failed') return `its boot failed: ${end.code}: ${end.message}`;
  return result?.missing ?? 'was not played';
}

/** An outcome that is not known neither is a change nor hides one. */
function changesOf(entries: readonly MatrixEntry[]): MatrixRow['changes'] {
  const known = entries.filter(({ outcome }) => outcome !== 'unknown');
  return known.flatMap((entry, index) => {
    const before = known[index - 1];
    if (before === undefined || before.outcome === entry.outcome) return [];
    return [{ from: before.kernel, before: before.outcome, to: entry.kernel, after: entry.outcome }];
  });
}

function dosesOf({ kernel, boot, report }: BootResult): MatrixJson['doseResponses'] {
  return (report?.doseResponses ?? [])
    .filter((dose) =>
      boot.cells.some((cell) => cell.scenario === dose.scenario && cell.trigger === dose.trigger),
    )
    .map(({ scenario, trigger, transport, slope, verdict, reason }) => ({
      ...{ kernel: kernel.label, scenario, trigger, transport },
      ...{ slope, verdict, reason },
    }));
}
