/**
 * An arm that came out inconclusive is played again, and the last attempt counts.  What the earlier ones say is told;
 * and one that says something else, or that there was no reason to repeat, is not outweighed by the last.
 */
import type { ArmEvidence } from './evidence.js';
import { judge } from './outcome.js';
import type { Cell } from './run-json.js';

export interface Attempts {
  readonly last: ArmEvidence;
  readonly earlier: readonly ArmEvidence[];
}

/** In the order in which the arms were first begun. */
export function attemptsOf(arms: readonly ArmEvidence[]): Attempts[] {
  const groups = new Map<string, Attempts>();
  for (const last of arms) {
    const arm = JSON.stringify([last.cell, last.kind, last.variant ?? null, last.mitigation]);
    const before = groups.get(arm);
    groups.set(arm, { last, earlier: before === undefined ? [] : [...before.earlier, before.last] });
  }
  return [...groups.values()];
}

/** @param cell the last attempt's */
export function withEarlier(cell: Cell, { last, earlier }: Attempts): Cell {
  const judged = earlier.map((arm) => ({ arm, attempt: arm.attempt, ...judge(arm) }));
  const doubts = judged
    .filter(({ outcome, inconclusive }) => inconclusive !== true && outcome !== cell.outcome)
    .map(({ attempt, outcome, reason }) => `attempt ${attempt} was ${outcome}: ${reason}`);
  const recorded = earlier.length + 1;
  if (recorded !== last.attempt) doubts.push(`of ${last.attempt} attempts ${recorded} are in the record`);
  const isLost = earlier.some(({ corrupt }) => corrupt.length > 0);
  return {
    ...cell,
    verdict: isLost ? 'fail' : doubts.length > 0 && cell.verdict === 'pass' ? 'unknown' : cell.verdict,
    reason: [cell.reason, ...doubts].join('; but '),
    earlier: judged.map(({ attempt, outcome, inconclusive = false, reason }) => ({
      attempt,
      outcome,
      inconclusive,
      reason,
    })),
  };
}
