/**
 * What each kernel is expected to do, as data: (scenario, trigger, arm, feature) → outcome, with the kernel
 * function that decides it.  Features are what the run itself saw of the kernel, never its version.
 */
import type { ArmKind } from '../record/arm-design.js';
import { askedMoves } from './expected/asked-moves.js';
import { contiguousRanges } from './expected/contiguous-ranges.js';
import { directCompaction } from './expected/direct-compaction.js';
import type { Expectation, KernelFeatures } from './expected/expectation.js';
import { folios } from './expected/folios.js';
import { mitigated } from './expected/mitigated.js';
import { wholeZones } from './expected/whole-zones.js';

export const expectations: readonly Expectation[] = [
  ...wholeZones,
  ...directCompaction,
  ...askedMoves,
  ...contiguousRanges,
  ...mitigated,
  ...folios,
];

export function expectationFor(
  cell: {
    readonly scenario: string;
    readonly trigger: string;
    readonly kind: ArmKind;
    readonly variant?: string | undefined;
    readonly mitigation: string;
  },
  features: KernelFeatures,
): Expectation | undefined {
  return expectations.find(
    (expectation) =>
      expectation.scenario === cell.scenario &&
      expectation.trigger === cell.trigger &&
      expectation.arm === cell.kind &&
      (expectation.mitigation ?? 'none') === cell.mitigation &&
      (expectation.variant === undefined || expectation.variant === cell.variant) &&
      (expectation.feature === undefined || features[expectation.feature[0]] === expectation.feature[1]),
  );
}
