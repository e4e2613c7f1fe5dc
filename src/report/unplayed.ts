/** What of a run's plan was not played: cells that this machine lacks something for, and arms that never began. */
import type { ArmKind } from '../record/arm-design.js';
import type { History } from '../record/history.js';
import type { EventOf } from './arm-events.js';
import { damageText } from './damage.js';

/** Which time it is that a cell of the plan is played; 1 in a run of before there were repeats. */
export function repeats({ events }: History): (cell: number) => number {
  const planned = events.flatMap((event) => (event.event === 'run-started' ? event.planned : []));
  return (cell) => planned.find((one) => one.cell === cell)?.repeat ?? 1;
}

/** A cell that was not played, and why. */
export type SkippedCell = Pick<
  EventOf<'cell-skipped'>,
  'cell' | 'variant' | 'mitigation' | 'scenario' | 'trigger' | 'transport' | 'reason'
> & {
  readonly repeat: number;
  /** Of the one arm that was skipped; null where all of the cell were. */
  readonly kind: ArmKind | null;
};

export function gatherSkipped(history: History): SkippedCell[] {
  const repeatOf = repeats(history);
  return skips(history).map((skipped) => ({
    ...skipped,
    repeat: repeatOf(skipped.cell),
    kind: kindOfSkipped(history, skipped),
  }));
}

function kindOfSkipped(
  { events }: History,
  { cell, variant, mitigation }: EventOf<'cell-skipped'>,
): ArmKind | null {
  if (variant === undefined && mitigation === undefined) return null;
  const planned = events.flatMap((event) => (event.event === 'run-started' ? event.planned : []));
  const arm = planned
    .find((one) => one.cell === cell)
    ?.arms.find(
      (one) => one.variant === (variant ?? null) && (one.mitigation ?? 'none') === (mitigation ?? 'none'),
    );
  return arm?.kind ?? null;
}

function skips({ events }: History): EventOf<'cell-skipped'>[] {
  return events.filter((event): event is EventOf<'cell-skipped'> => event.event === 'cell-skipped');
}

/** An arm of the plan that has not even begun, as far as can be told. */
export interface UnplayedArm extends Omit<SkippedCell, 'variant' | 'mitigation' | 'kind'> {
  readonly kind: ArmKind;
  readonly mitigation: string;
  readonly variant: string | null;
}

export function gatherUnplayed(history: History): UnplayedArm[] {
  const { events, broken } = history;
  const planned = events.flatMap((event) => (event.event === 'run-started' ? event.planned : []));
  const skipped = skips(history);
  const begun = events.filter((event): event is EventOf<'arm-started'> => event.event === 'arm-started');
  const [first] = broken;
  const reason =
    first === undefined
      ? 'the run ended before this arm began'
      : `whether this arm began cannot be told: ${damageText(first)}`;
  return (
    planned
      .flatMap(({ arms, ...cell }) =>
        arms.map((arm) => ({
          ...cell,
          repeat: cell.repeat ?? 1,
          ...arm,
          mitigation: arm.mitigation ?? 'none',
          reason,
        })),
      )
      // Without a variant or a mitigation all arms of the cell are skipped.
      .filter(
        ({ cell, variant, mitigation }) =>
          !skipped.some(
            (one) =>
              one.cell === cell &&
              (one.variant === undefined || one.variant === variant) &&
              (one.mitigation === undefined || one.mitigation === mitigation),
          ),
      )
      .filter(
        ({ cell, kind, variant, mitigation }) =>
          !begun.some(
            (arm) =>
              arm.cell === cell &&
              arm.kind === kind &&
              arm.variant === variant &&
              arm.mitigation === mitigation,
          ),
      )
  );
}
