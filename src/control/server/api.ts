/**
 * What the control server asks of the daemon: one method for each route that is about the daemon.
 * The daemon implements it; requests arrive here checked.  A method may throw ControlError (CONFLICT,
 * UNAVAILABLE ...) or UsageError (answered as VALIDATION); anything else is answered as INTERNAL.
 */
import type { ControlEvent } from '../contract/events.js';
import type { ClearedFaults, Fault, FaultList, InstalledFault } from '../contract/faults.js';
import type {
  HeldAnswer,
  HeldQuery,
  PlugAnswer,
  ReleaseAnswer,
  ReleaseOrder,
  UnplugAnswer,
} from '../contract/held.js';
import type { Plan, PlanStatus } from '../contract/plans.js';
import type { Status, UnmountAnswer, UnmountOrder } from '../contract/status.js';

export interface Listening {
  /** The event `state`: how things are now.  The listener is told of everything that happens after it. */
  readonly state: ControlEvent;
  readonly stop: () => void;
}

export interface DaemonApi {
  status(): Promise<Status>;
  held(query: HeldQuery): Promise<HeldAnswer>;
  release(order: ReleaseOrder): Promise<ReleaseAnswer>;
  unplug(): Promise<UnplugAnswer>;
  plug(): Promise<PlugAnswer>;
  faults(): Promise<FaultList>;
  addFault(fault: Fault): Promise<InstalledFault>;
  /** The fault that was removed, or undefined when there is none with this id. */
  removeFault(id: number): Promise<InstalledFault | undefined>;
  clearFaults(): Promise<ClearedFaults>;
  /** Tells of events until it is stopped. */
  listen(listener: (event: ControlEvent) => void): Promise<Listening>;
  plan(): Promise<PlanStatus>;
  /** CONFLICT while another plan runs. */
  startPlan(plan: Plan): Promise<PlanStatus>;
  stopPlan(): Promise<PlanStatus>;
  /**
   * Answers once the mount is gone.  The daemon then closes the control server, which lets this answer out
   * first; it must not await that close inside this method.
   */
  unmount(order: UnmountOrder): Promise<UnmountAnswer>;
}
