/**
 * What came of arms that were played several times in one run (`--repeat`): how often which outcome, and the spread of
 * their times.  An arm that does not come out the same way each time is flapping, and proves nothing.
 */
import type { Cell, CellId, Repeats, Spread } from './run-json.js';

/** Of every arm that was to be played more than once; one that was skipped each time has nothing to repeat. */
export function repeatsOf(cells: readonly Cell[]): Repeats[] {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    if (cell.arm === null) continue;
    const key = identityOf(cell);
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups.values()]
    .map((group) => summary(group, cells))
    .filter(({ runs, skipped }) => runs + skipped > 1);
}

/** Whether the row tells that this arm was skipped: without a variant, or a mitigation, it is of all arms of its cell. */
export function isSkipOf(row: Cell, { scenario, trigger, transport, variant, mitigation }: CellId): boolean {
  return (
    row.arm === null &&
    row.scenario === scenario &&
    row.trigger === trigger &&
    row.transport === transport &&
    (row.variant === null || row.variant === variant) &&
    (row.mitigation === 'none' || row.mitigation === mitigation)
  );
}

/** `2 stalled, 1 failed (flapping); skipped in 1 of 4` */
export function repeatsText({ outcomes, flapping, runs, skipped }: Repeats): string {
  const came = Object.entries(outcomes).map(([outcome, times]) => `${times} ${outcome}`);
  const skips = skipped === 0 ? '' : `; skipped in ${skipped} of ${runs + skipped}`;
  return `${came.join(', ')}${flapping ? ' (flapping)' : ''}${skips}`;
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

function summary(group: readonly Cell[], all: readonly Cell[]): Repeats {
  const [one] = group as [Cell];
  const { scenario, trigger, transport, arm, variant, mitigation } = one;
  const skips = all.filter((row) => isSkipOf(row, one) && !group.some(({ repeat }) => repeat === row.repeat));
  const outcomes = tally(group.map(({ outcome }) => outcome));
  return {
    scenario,
    trigger,
    transport,
    arm,
    variant,
    mitigation,
    runs: group.length,
    skipped: new Set(skips.map(({ repeat }) => repeat)).size,
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
