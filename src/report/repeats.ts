/**
 * What came of arms that were played several times in one run (`--repeat`): how often which outcome, and the spread of
 * their times.  An arm that does not come out the same way each time is flapping, and proves nothing.
 */
import type { Cell, CellId, Repeats, Spread } from './run-json.js';

/** Of every arm that was played more than once; a row that was skipped each time has nothing to repeat. */
export function repeatsOf(cells: readonly Cell[]): Repeats[] {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    if (cell.arm === null) continue;
    const key = identityOf(cell);
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups.values()].filter((group) => group.length > 1).map(summary);
}

/** That a cell came out as expected this time says nothing where it comes out otherwise another time. */
export function unknownWhereFlapping(cells: readonly Cell[]): Cell[] {
  const flapping = new Map(
    repeatsOf(cells)
      .filter((one) => one.flapping)
      .map((one) => [identityOf(one), one]),
  );
  return cells.map((cell) => {
    const one = flapping.get(identityOf(cell));
    if (one === undefined || cell.verdict !== 'pass') return cell;
    const came = Object.entries(one.outcomes).map(([outcome, times]) => `${times} ${outcome}`);
    return { ...cell, verdict: 'unknown', reason: `flapping, ${came.join(', ')}: ${cell.reason ?? ''}` };
  });
}

/** What makes two rows the same arm of the same cell. */
export function identityOf({ scenario, trigger, transport, arm, variant, mitigation }: CellId): string {
  return JSON.stringify([scenario, trigger, transport, arm, variant, mitigation]);
}

function summary(group: readonly Cell[]): Repeats {
  const [{ scenario, trigger, transport, arm, variant, mitigation }] = group as [Cell];
  const outcomes = tally(group.map(({ outcome }) => outcome));
  return {
    scenario,
    trigger,
    transport,
    arm,
    variant,
    mitigation,
    runs: group.length,
    outcomes,
    verdicts: tally(group.map(({ verdict }) => verdict)),
    flapping: Object.keys(outcomes).length > 1,
    triggerMs: spread(group.map(({ evidence }) => evidence.triggerMs)),
    stallMs: spread(group.map(({ evidence }) => evidence.stallMs)),
  };
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** Of those that are known. */
export function spread(values: readonly (number | null)[]): Spread | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return null;
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? max;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? min) + upper) / 2;
  return { min, median, max };
}
