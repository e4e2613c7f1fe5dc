/**
 * The shape of a scenario: which misbehaviour makes which folios stuck, and what it needs to be shown.
 * A scenario is data and small functions; arm.ts plays it.
 */
import type { FaultInput } from '../control/contract/faults.js';
import type { ArmKind } from '../record/events.js';

export interface Scenario {
  /** Stable, slash-free. */
  readonly id: string;
  readonly description: string;
  /** What gets stuck, in the kernel's words. */
  readonly stuck: string;
  /** Ids of the triggers that say something about it. */
  readonly triggers: readonly string[];
  /** The kernel function in which a task that waits for the stuck folios sleeps; null where nothing is stuck. */
  readonly waitsIn: string | null;
  /** In the order in which they are run; a scenario with a fault has a control arm before it. */
  readonly arms: readonly ArmKind[];
  /** The faults of the fault arm. @param stuckPath the path of the stuck file inside the mount */
  faults(stuckPath: string): readonly FaultInput[];
}
