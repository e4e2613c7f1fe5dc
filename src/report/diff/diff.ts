/**
 * Compares two runs, of one kernel or two: cell by cell, then what the kernels and the machines are.  Pure.
 * Times are put beside each other and not judged: no two runs have the same.
 */
import { toldOf } from '../mitigation-table.js';
import { identityOf, isSkipOf, spread } from '../repeats.js';
import type { Cell, RunJson } from '../run-json.js';
import { type CellDiff, DIFF_JSON_VERSION, type DiffJson, type DiffSide } from './diff-json.js';
import { doseDiffs } from './dose-diff.js';

export interface RunToCompare {
  /** As the user named it. */
  readonly directory: string;
  readonly report: RunJson;
  /** What environment.json holds; undefined where it cannot be read. */
  readonly environment: unknown;
}

export function diffRuns(before: RunToCompare, after: RunToCompare): DiffJson {
  const cells = cellDiffs(before.report.cells, after.report.cells);
  const doseResponses = doseDiffs(before.report.doseResponses, after.report.doseResponses);
  return {
    version: DIFF_JSON_VERSION,
    before: summary(before),
    after: summary(after),
    outcomesChanged:
      cells.some(({ changed }) =>
        (['presence', 'outcome', 'verdict'] as const).some((what) => changed.includes(what)),
      ) || doseResponses.some(({ changed }) => changed.length > 0),
    cells,
    doseResponses,
    features: differences(before.report.features, after.report.features),
    environment: differences(flat(before.environment), flat(after.environment)),
  };
}

function summary({ directory, report }: RunToCompare): DiffJson['before'] {
  const { kernel, stuckfs, on, verdict, damage } = report;
  return { directory, kernel, stuckfs, on, verdict, damage };
}

/** In the order of the first run; then those that only the second has. */
function cellDiffs(before: readonly Cell[], after: readonly Cell[]): CellDiff[] {
  const [ours, theirs] = [before, after].map(playedByIdentity) as [Played, Played];
  const played = [...new Map([...ours, ...theirs])].map(([identity, [any]]) => {
    const one = any as Cell;
    return compared(one, side(one, ours.get(identity), before), side(one, theirs.get(identity), after));
  });
  return [...played, ...skippedInBoth(before, after)];
}

type Played = Map<string, Cell[]>;

function playedByIdentity(cells: readonly Cell[]): Played {
  const groups: Played = new Map();
  for (const cell of cells) {
    if (cell.arm === null) continue;
    const identity = identityOf(cell);
    groups.set(identity, [...(groups.get(identity) ?? []), cell]);
  }
  return groups;
}

function compared(cell: Cell, before: DiffSide | null, after: DiffSide | null): CellDiff {
  const { scenario, trigger, transport, arm, variant, mitigation } = cell;
  const id = { scenario, trigger, transport, arm, variant, mitigation };
  if (before === null || after === null) return { ...id, changed: ['presence'], before, after };
  const isOther = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  const changed: CellDiff['changed'] = [];
  if (isOther(before.outcomes, after.outcomes)) changed.push('outcome');
  if (isOther(before.verdicts, after.verdicts)) changed.push('verdict');
  // What was not played has no expectation.
  if (before.runs > 0 && after.runs > 0) {
    if (before.expected !== after.expected) changed.push('expected');
    if (before.decidedBy !== after.decidedBy) changed.push('decidedBy');
    if (isOther(before.told, after.told)) changed.push('told');
    if (isOther(before.lostBytes, after.lostBytes)) changed.push('lost');
    if (isOther(before.frees, after.frees)) changed.push('frees');
  }
  return { ...id, changed, before, after };
}

/** @param group the same arm as often as the run has it */
function side(cell: Cell, group: readonly Cell[] | undefined, all: readonly Cell[]): DiffSide | null {
  const last = group?.at(-1);
  if (group === undefined || last === undefined) return skipOf(cell, all);
  const mitigations = group.flatMap(({ evidence }) => evidence.mitigation ?? []);
  return {
    runs: group.length,
    outcomes: distinct(group.map(({ outcome }) => outcome)),
    verdicts: distinct(group.map(({ verdict }) => verdict)),
    expected: last.expected,
    decidedBy: last.decidedBy,
    reason: last.reason ?? null,
    triggerMs: spread(group.map(({ evidence }) => evidence.triggerMs)),
    stallMs: spread(group.map(({ evidence }) => evidence.stallMs)),
    told: distinct(mitigations.map(toldOf)),
    lostBytes: distinct(mitigations.map(({ lostBytes }) => lostBytes)),
    frees: distinct(mitigations.map(({ frees }) => frees)),
    pageblocksFreed: spread(group.map(({ evidence }) => evidence.cost?.pageblocksFreed ?? null)),
  };
}

function skipOf(cell: Cell, all: readonly Cell[]): DiffSide | null {
  const skip = all.find((row) => isSkipOf(row, cell));
  return skip === undefined ? null : skipped(skip);
}

function skipped({ reason, verdict }: Cell): DiffSide {
  return {
    runs: 0,
    outcomes: ['skipped'],
    verdicts: [verdict],
    expected: null,
    decidedBy: null,
    reason: reason ?? null,
    triggerMs: null,
    stallMs: null,
    told: [],
    lostBytes: [],
    frees: [],
    pageblocksFreed: null,
  };
}

/** Rows of skips that stand for no arm which the other run has played. */
function skippedInBoth(before: readonly Cell[], after: readonly Cell[]): CellDiff[] {
  const rows = new Map<string, { one: Cell; before?: Cell; after?: Cell }>();
  const isPlayedIn = (cells: readonly Cell[], skip: Cell) =>
    cells.some((cell) => cell.arm !== null && isSkipOf(skip, cell));
  for (const [when, cells, others] of [
    ['before', before, after],
    ['after', after, before],
  ] as const)
    for (const cell of cells) {
      if (cell.arm !== null || isPlayedIn(others, cell)) continue;
      const identity = identityOf(cell);
      rows.set(identity, { one: cell, ...rows.get(identity), [when]: cell });
    }
  return [...rows.values()].map((row) =>
    compared(
      row.one,
      row.before === undefined ? null : skipped(row.before),
      row.after === undefined ? null : skipped(row.after),
    ),
  );
}

/** In alphabetical order, numbers too: it only has to be the same in both runs. */
function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)].sort();
}

type Values<Value> = Readonly<Record<string, Value>>;

function differences<Value>(before: Values<Value>, after: Values<Value>) {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((name) => ({ name, before: before[name] ?? null, after: after[name] ?? null }))
    .filter((one) => one.before !== one.after);
}

/** By dotted path; a list is one value. When a run began is no difference worth telling. */
function flat(value: unknown, path = ''): Values<string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return path === '' || path === 'startedAt' ? {} : { [path]: textOf(value) };
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      Object.entries(flat(inner, path === '' ? name : `${path}.${name}`)),
    ),
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
