/**
 * What the daemon's main thread may ask of the serving thread, and what that thread says by itself.  Commands
 * wait in a message port; an eventfd wakes the serving thread out of poll(2), and it takes them synchronously.
 */
import type { Fault, InstalledFault } from '../control/contract/faults.js';
import type {
  HeldAnswer,
  HeldQuery,
  PlugAnswer,
  ReleaseAnswer,
  ReleaseOrder,
  UnplugAnswer,
} from '../control/contract/held.js';
import type { Plan, PlanStatus } from '../control/contract/plans.js';
import type { Status } from '../control/contract/status.js';
import type { Released } from './withheld.js';

/** The part of the status that only the serving thread knows. */
export type ServingStatus = Pick<
  Status,
  'protocol' | 'store' | 'held' | 'pins' | 'faults' | 'unplugged' | 'requests' | 'replies'
>;

export interface ServingCommands {
  status(): ServingStatus;
  held(query: HeldQuery): HeldAnswer;
  release(order: ReleaseOrder): ReleaseAnswer;
  faults(): InstalledFault[];
  addFault(fault: Fault): InstalledFault;
  removeFault(id: number): InstalledFault | undefined;
  clearFaults(): number;
  unplug(): UnplugAnswer;
  plug(): PlugAnswer;
  plan(): PlanStatus;
  /** Undefined while another plan runs. */
  startPlan(plan: Plan): PlanStatus | undefined;
  stopPlan(): PlanStatus;
  /** Stops the plan, clears the faults, plugs, and answers everything, also what `never` holds. */
  letGoOfAll(): Released;
}

export type ServingCommandName = keyof ServingCommands;

export interface Command {
  readonly id: number;
  readonly name: ServingCommandName;
  readonly words: readonly unknown[];
}

export type ServingMessage =
  | { readonly say: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly say: 'refused'; readonly id: number; readonly message: string }
  /** What a plan did by itself, as if it had been asked for: those who observe answers are told. */
  | { readonly say: 'did'; readonly name: ServingCommandName; readonly answer: unknown }
  /** INIT has been answered: the mount can be used. */
  | { readonly say: 'initialised' }
  /** Something that the log should have. */
  | { readonly say: 'log'; readonly level: 'warn' | 'error' | 'debug'; readonly text: string }
  /** The connection is over. */
  | { readonly say: 'ended'; readonly reason: string };

/** Serving one request, or a release of tens of thousands, takes less. */
const longestWorkMs = 1000;

/** Words of the shared memory that the main thread reads without asking, at any time. */
export const sharedBytes = 24;

/** Times on the scale of process.hrtime in ms; 0 for none. */
export class SharedState {
  private readonly words: Float64Array;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.words = new Float64Array(buffer);
  }

  /** When the oldest withheld request came. */
  get oldestSinceMs(): number {
    return this.words[0] ?? 0;
  }

  set oldestSinceMs(ms: number) {
    this.words[0] = ms;
  }

  /** When the serving thread took up what it is about now; none while it waits in poll(2). */
  get busySinceMs(): number {
    return this.words[1] ?? 0;
  }

  set busySinceMs(ms: number) {
    this.words[1] = ms;
  }

  /** Counts up whenever what is withheld has changed. */
  get heldChanges(): number {
    return this.words[2] ?? 0;
  }

  set heldChanges(changes: number) {
    this.words[2] = changes;
  }

  /**
   * The age to tell the watchdog: of the oldest withheld request, or of what the serving thread has been about for
   * longer than anything takes, since a thread that hangs withholds every answer.  null where there is neither.
   * @param nowMs on the scale of process.hrtime
   */
  oldestHeldMs(nowMs: number): number | null {
    const { oldestSinceMs, busySinceMs } = this;
    const busyMs = busySinceMs === 0 ? 0 : nowMs - busySinceMs;
    const heldMs = oldestSinceMs === 0 ? null : Math.max(0, nowMs - oldestSinceMs);
    return busyMs > longestWorkMs ? Math.max(busyMs, heldMs ?? 0) : heldMs;
  }
}
