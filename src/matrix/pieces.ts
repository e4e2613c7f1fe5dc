/**
 * What of a boot is played again, and as what: one whose guest failed in two halves, so that it is found out which cell it
 * was; of one whose time ran out the cell that it was at, and the others that it did not come to. Pure.
 */
import type { RunJson } from '../report/run-json.js';
import type { BootEnd } from './boot-end.js';
import type { PlannedBoot, PlannedCell } from './matrix-plan.js';
import { halves } from './plan.js';

/** None where it is done, or is a single cell. */
export function piecesAfter(
  { name, shape, cells }: PlannedBoot,
  end: BootEnd['end'] | undefined,
): PlannedBoot[] {
  const lists =
    end?.kind === 'ended' ? end.again : end?.cut && cells.length > 1 ? halves(cells, (cell) => cell) : [];
  return lists.map((list, index) => ({ name: `${name}.${index + 1}`, shape, cells: list }));
}

/** What its own run directory tells of. */
export function cellsTold({ cells }: PlannedBoot, end: BootEnd['end'] | undefined): PlannedCell[] {
  if (end?.kind !== 'ended') return cells;
  return cells.filter((cell) => !end.again.flat().some((one) => isSame(one, cell)));
}

/** For a run whose time ran out. Nothing is played again that was alone. */
export function cellsAgain({ cells }: PlannedBoot, judged: RunJson): PlannedCell[][] {
  if (cells.length < 2) return [];
  const [first, ...others] = cells.filter(
    (cell) =>
      judged.cells.every((one) => !isSame(one, cell)) ||
      judged.cells.some((one) => isSame(one, cell) && one.verdict === 'unknown'),
  );
  if (first === undefined) return [];
  return others.length === 0 ? [[first]] : [[first], others];
}

function isSame(a: PlannedCell, b: PlannedCell): boolean {
  return a.scenario === b.scenario && a.trigger === b.trigger;
}
