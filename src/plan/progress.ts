/**
 * A plan as it is carried out: which phase it is in, what it waits for, what it has done.  Knows neither clock nor
 * server: it is told the time whenever something may have changed, and acts through the hands that it is given.
 */
import { parseDuration } from '../base/duration.js';
import type { Fault } from '../fault/fault.js';
import type { HeldFilter, WatchedCount } from '../fault/inventory.js';
import { type Random, seededRandom } from '../fault/random.js';
import { Opcode, type OpcodeName } from '../protocol/opcode.js';
import { describeFilter } from './check-plan.js';
import type { Condition, HeldFilterOfPlan, Phase, Plan, Step } from './plan.js';

export interface PlanHands {
  /** Arms a fault, behind all others; answers its id. */
  addFault(fault: Fault, random: Random): number;
  removeFault(id: number): void;
  watchHeld(filter: HeldFilter): WatchedCount;
  unwatchHeld(count: WatchedCount): void;
  /** How many a release with this filter would answer. */
  nrReleasable(filter: HeldFilter): number;
  /** Answers how many were released. */
  release(filter: HeldFilter): number;
  setUnplugged(unplugged: boolean): void;
  /** Requests that have come so far: of these opcodes, or of all. */
  nrRequests(opcodes: readonly number[] | undefined): number;
}

export type PlanState = 'running' | 'finished' | 'stopped' | 'failed';

export interface PhaseProgress {
  readonly name: string;
  readonly state: 'ahead' | 'current' | 'over';
  /** Since the plan began; null where it has not come to that. */
  readonly beganMs: number | null;
  readonly endedMs: number | null;
  readonly faultIds: number[];
  /** Requests that its steps have released. */
  readonly released: number;
}

export interface PlanProgress {
  readonly state: PlanState;
  readonly seed: number;
  readonly phases: PhaseProgress[];
  /** In words; null where it waits for nothing. */
  readonly waitsFor: string | null;
  /** Why it failed. */
  readonly reason: string | null;
}

interface Wait {
  readonly what: string;
  /** Infinity where it is no matter of time. */
  readonly dueMs: number;
  readonly holds: () => boolean;
}

type Changing<T> = { -readonly [Key in keyof T]: T[Key] };
type PhaseRecord = Changing<PhaseProgress>;

/** Streams of the random numbers of a plan's faults begin here, those of other faults at 1 (FaultTable.add). */
const firstStream = 2 ** 40;

export class Progress {
  #state: PlanState = 'running';
  #reason: string | null = null;
  #wait: Wait | undefined;
  #nowMs: number;
  #isUnplugged = false;
  /** Set while it acts: what it releases comes back to it as a change. */
  #isActing = false;
  #nrFaults = 0;
  readonly #phases: readonly PhaseRecord[];
  readonly #play: Generator<Wait, void, void>;
  /** Faults of the plan that are armed. */
  readonly #armed = new Set<number>();

  /** Nothing is done before the first `advance`. */
  constructor(
    plan: Plan,
    private readonly hands: PlanHands,
    private readonly seed: number,
    private readonly startMs: number,
  ) {
    this.#nowMs = startMs;
    this.#phases = plan.phases.map(({ name }) => ({
      name,
      state: 'ahead',
      beganMs: null,
      endedMs: null,
      faultIds: [],
      released: 0,
    }));
    this.#play = this.#phasesInTurn(plan);
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /** When `advance` is wanted though nothing else happens; Infinity where time alone changes nothing. */
  get nextTimeMs(): number {
    return this.#wait?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Goes on as far as it can.  To be called at `nextTimeMs`, and whenever a request has come or was let go.
   * @param nowMs on the scale of `startMs`
   */
  advance(nowMs: number): void {
    if (!this.isRunning || this.#isActing) return;
    this.#nowMs = nowMs;
    if (this.#wait !== undefined && !this.#isOver(this.#wait)) return;
    this.#isActing = true;
    try {
      do {
        const { done, value } = this.#play.next();
        this.#wait = done ? undefined : value;
        if (done) this.#state = 'finished';
      } while (this.#wait !== undefined && this.#isOver(this.#wait));
    } catch (error) {
      this.#end('failed', error instanceof Error ? error.message : String(error));
    } finally {
      this.#isActing = false;
    }
  }

  /** Ends it where it is, and undoes what is left of it: its faults are removed and the cable is plugged. */
  stop(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.isRunning) this.#end('stopped', null);
    else this.#undo();
  }

  view(): PlanProgress {
    return {
      state: this.#state,
      seed: this.seed,
      phases: this.#phases.map((phase) => ({ ...phase, faultIds: [...phase.faultIds] })),
      waitsFor: this.#wait?.what ?? null,
      reason: this.#reason,
    };
  }

  #isOver({ dueMs, holds }: Wait): boolean {
    return this.#nowMs >= dueMs || holds();
  }

  #end(state: PlanState, reason: string | null): void {
    this.#state = state;
    this.#reason = reason;
    this.#wait = undefined;
    // Whatever it waited for is let go in its `finally`.
    this.#play.return();
    for (const phase of this.#phases) if (phase.state === 'current') this.#close(phase);
    this.#undo();
  }

  #undo(): void {
    for (const id of this.#armed) this.hands.removeFault(id);
    this.#armed.clear();
    if (this.#isUnplugged) this.#setUnplugged(false);
  }

  *#phasesInTurn({ phases }: Plan): Generator<Wait, void, void> {
    for (const [index, phase] of phases.entries()) {
      const record = this.#phases[index];
      if (record !== undefined) yield* this.#phase(phase, record);
    }
  }

  *#phase({ faults, until, steps, keep }: Phase, record: PhaseRecord): Generator<Wait, void, void> {
    record.state = 'current';
    record.beganMs = this.#nowMs - this.startMs;
    for (const fault of faults) {
      const random = seededRandom(this.seed, firstStream + this.#nrFaults);
      this.#nrFaults += 1;
      const id = this.hands.addFault(fault, random);
      record.faultIds.push(id);
      this.#armed.add(id);
    }
    if (until === 'never') yield { what: 'a stop', dueMs: Number.POSITIVE_INFINITY, holds: () => false };
    else if (until !== undefined) yield* this.#until(until);
    for (const step of steps) yield* this.#step(step, record);
    if (!keep) {
      for (const id of record.faultIds) {
        this.hands.removeFault(id);
        this.#armed.delete(id);
      }
    }
    this.#close(record);
  }

  #close(record: PhaseRecord): void {
    record.state = 'over';
    record.endedMs = this.#nowMs - this.startMs;
  }

  *#until({ after, held, requests }: Condition): Generator<Wait, void, void> {
    if (after !== undefined) yield* this.#pause(after);
    if (held !== undefined) yield* this.#untilHeld(held);
    if (requests !== undefined) {
      const opcodes = numbersOf(requests.opcodes);
      const atFirst = this.hands.nrRequests(opcodes);
      yield {
        what: `${requests.count} ${describeFilter({ opcodes: requests.opcodes })} to come`,
        dueMs: Number.POSITIVE_INFINITY,
        holds: () => this.hands.nrRequests(opcodes) - atFirst >= requests.count,
      };
    }
  }

  *#untilHeld(held: NonNullable<Condition['held']>): Generator<Wait, void, void> {
    const { count, atMost } = held;
    const watched = this.hands.watchHeld(filterOf(held));
    const amount = count === undefined ? `at most ${atMost}` : `at least ${count}`;
    try {
      yield {
        what: `${amount} ${describeFilter(held)} to be held`,
        dueMs: Number.POSITIVE_INFINITY,
        holds: () => (count === undefined ? watched.requests <= (atMost ?? 0) : watched.requests >= count),
      };
    } finally {
      this.hands.unwatchHeld(watched);
    }
  }

  *#step(step: Step, record: PhaseRecord): Generator<Wait, void, void> {
    if (step === 'unplug' || step === 'plug') this.#setUnplugged(step === 'unplug');
    else if (step === 'release') record.released += this.hands.release({ never: false });
    else if (step.wait !== undefined) yield* this.#pause(step.wait);
    else if (step.release !== undefined) record.released += this.#release(step.release);
  }

  *#pause(span: string): Generator<Wait, void, void> {
    yield { what: `${span} to pass`, dueMs: this.#nowMs + parseDuration('wait', span), holds: () => false };
  }

  #release(release: NonNullable<Exclude<Step, string>['release']>): number {
    const { order, fraction, count, never } = release;
    const filter: HeldFilter = { ...filterOf(release), order, never: never === true ? undefined : false };
    if (fraction === undefined) return this.hands.release({ ...filter, count });
    // 0.1 × 30 is a little above 3 in floating point.
    const share = Math.ceil(this.hands.nrReleasable(filter) * fraction - 1e-9);
    return share === 0 ? 0 : this.hands.release({ ...filter, count: share });
  }

  #setUnplugged(unplugged: boolean): void {
    this.hands.setUnplugged(unplugged);
    this.#isUnplugged = unplugged;
  }
}

function filterOf({ opcodes, path }: HeldFilterOfPlan): HeldFilter {
  return { opcodes: numbersOf(opcodes), path };
}

function numbersOf(opcodes: readonly OpcodeName[] | undefined): number[] | undefined {
  return opcodes?.map((name) => Opcode[name]);
}
