/**
 * Which boots a matrix has, the same for each kernel: those of bootsFor(), cut so that none is long. A guest that dies
 * costs its boot, and two cores are better used by several. Pure.
 */
import { createHash } from 'node:crypto';
import type { WantedCell } from '../scenario/cells.js';
import { bootsFor } from '../vm/shapes.js';
import {
  MATRIX_PLAN_VERSION,
  type MatrixPlan,
  type PlannedArm,
  type PlannedBoot,
  type PlannedCell,
  type PlannedKernel,
  type Shard,
} from './matrix-plan.js';
import { isOfShard } from './shard.js';

/** A guest that dies costs all of them once more; under TCG a boot takes as long as ten. All of the plain machine's. */
export const mostArms = 64;

export interface MatrixAsked {
  readonly stuckfs: string;
  readonly played: MatrixPlan['played'];
  readonly kernels: readonly PlannedKernel[];
  readonly cells: readonly WantedCell[];
  readonly shard: Shard | null;
}

export function planMatrix({ stuckfs, played, kernels, cells, shard }: MatrixAsked): MatrixPlan {
  const armsIn = (ofBoot: readonly WantedCell[]) =>
    played.repeat * ofBoot.reduce((sum, { arms }) => sum + arms.length, 0);
  const boots = bootsFor(cells).flatMap(({ name, shape, cells: ofBoot }) => {
    const parts = cutWhere(ofBoot, (part) => armsIn(part) > mostArms);
    return parts.map((part, index) => ({
      name: parts.length === 1 ? name : `${name}-${index + 1}`,
      shape,
      // A cell for each transport has the same words.
      cells: distinct(part.map(pairOf)),
    }));
  });
  const content = {
    played,
    boots: uniquelyNamed(boots),
    arms: cells.flatMap(armsOf),
  };
  // A path may be another one on the machine of another shard.
  const names = kernels.map(({ label }) => label);
  const id = createHash('sha256')
    .update(JSON.stringify([stuckfs, names, content]))
    .digest('hex')
    .slice(0, 16);
  return {
    version: MATRIX_PLAN_VERSION,
    stuckfs,
    id,
    ...content,
    kernels: [...kernels],
    shard,
  };
}

/** Of the plan: which kernel boots what, in the order of the shards. */
export function bootsOfPlan(
  plan: MatrixPlan,
): { kernel: PlannedKernel; boot: PlannedBoot; isOurs: boolean }[] {
  return plan.kernels
    .flatMap((kernel) => plan.boots.map((boot) => ({ kernel, boot })))
    .map((one, place) => ({ ...one, isOurs: isOfShard(plan.shard, place) }));
}

/** The arms that a boot plays. */
export function armsOfBoot(plan: MatrixPlan, boot: PlannedBoot): readonly PlannedArm[] {
  return plan.arms.filter((arm) =>
    boot.cells.some(({ scenario, trigger }) => scenario === arm.scenario && trigger === arm.trigger),
  );
}

/**
 * By scenarios: what is left of pairs that words can name still is, without some. With one scenario any triggers are; a
 * pair is not cut into its transports, which words do not pair.
 */
export function halves<Cell>(cells: readonly Cell[], of: (cell: Cell) => PlannedCell): Cell[][] {
  const scenarios = new Set(cells.map((cell) => of(cell).scenario));
  const key = (cell: Cell) => (scenarios.size > 1 ? of(cell).scenario : of(cell).trigger);
  const keys = [...new Set(cells.map(key))];
  const first = new Set(keys.slice(0, keys.length >> 1));
  return [true, false].map((isFirst) => cells.filter((cell) => first.has(key(cell)) === isFirst));
}

function cutWhere(
  cells: readonly WantedCell[],
  isTooLong: (cells: readonly WantedCell[]) => boolean,
): WantedCell[][] {
  if (!isTooLong(cells) || distinct(cells.map(pairOf)).length < 2) return [[...cells]];
  return halves(cells, pairOf).flatMap((half) => cutWhere(half, isTooLong));
}

function pairOf({ scenario, trigger }: WantedCell): PlannedCell {
  return { scenario: scenario.id, trigger: trigger.id };
}

function armsOf({ scenario, trigger, transport, arms }: WantedCell): PlannedArm[] {
  return arms.map(({ kind, mitigation, variant }) => ({
    scenario: scenario.id,
    trigger: trigger.id,
    transport,
    mitigation: mitigation ?? 'none',
    arm: kind,
    variant: variant ?? null,
  }));
}

function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

/** `plain` cut in two may meet another `plain-2`. */
function uniquelyNamed(boots: readonly PlannedBoot[]): PlannedBoot[] {
  const taken = new Set<string>();
  return boots.map((boot) => {
    let name = boot.name;
    for (let more = 1; taken.has(name); more++) name = `${boot.name}_${more}`;
    taken.add(name);
    return { ...boot, name };
  });
}
