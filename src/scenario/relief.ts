/**
 * The mitigation of an arm: when it is to act, that it does, and what was under way then.  What it does is
 * src/mitigation; without one that acts, the arm waits out its hold.
 */
import type { Mitigation } from '../mitigation/mitigation.js';
import { findMitigation } from '../mitigation/registry.js';
import type { ArmContext } from './arm-context.js';
import type { ArmDesign } from './scenario.js';
import type { StuckSet } from './stuck-set.js';
import type { Wedge } from './wedge.js';

/** From the moment at which the trigger is seen to wait. */
const ACTS_AFTER_MS = 1000;
/** Until the trigger waits, on a busy machine. */
const PATIENCE_MS = 30_000;

export function mitigationOf({ mitigation }: ArmDesign): Mitigation | undefined {
  return mitigation === undefined ? undefined : findMitigation(mitigation);
}

/** The limits of the bdi stay as the kernel sets them, and stop the writer. */
export function keepsBdiLimits(design: ArmDesign): boolean {
  return design.untrusted === true || mitigationOf(design)?.keepsBdiLimits === true;
}

export class Relief {
  private readonly mitigation: Mitigation | undefined;
  private dueMs = Number.POSITIVE_INFINITY;

  constructor(
    private readonly context: ArmContext,
    private readonly set: StuckSet,
    private readonly wedge: Wedge,
  ) {
    this.mitigation = mitigationOf(context.plan.design);
  }

  /** It acts in the place of the release. */
  get acts(): boolean {
    return this.mitigation?.act !== undefined;
  }

  /** How long the trigger is watched, if it neither ends nor waits. */
  get patienceMs(): number {
    return this.context.deadlineForBytes(this.context.plan.stuckBytes) + PATIENCE_MS;
  }

  /** The server is out of reach. */
  get hasEndedConnection(): boolean {
    return this.mitigation?.endsConnection === true;
  }

  /** The trigger is seen to wait for the set. */
  sawWaiting(nowMs: number): void {
    this.dueMs = Math.min(this.dueMs, nowMs + ACTS_AFTER_MS);
  }

  isDue(nowMs: number): boolean {
    return this.acts && nowMs >= this.dueMs;
  }

  async act(): Promise<void> {
    const { mitigation, context } = this;
    if (mitigation?.act === undefined) return;
    const { id, endsConnection } = mitigation;
    const dirtyPages = this.set.frames.countDirty();
    await this.wedge.relieve(mitigation, mitigation.act.bind(mitigation));
    context.record({
      event: 'mitigated',
      arm: context.plan.index,
      mitigation: id,
      endsConnection,
      dirtyPages,
    });
  }
}
