/**
 * Carries a plan out on the serving thread, between two requests: gives its progress the engine and the faults to
 * act with, and the time.  Costs the request path nothing while no plan runs.
 */
import type { PlanStatus } from '../control/contract/plans.js';
import type { FaultTable } from '../fault/table.js';
import type { Plan } from '../plan/plan.js';
import { type PlanHands, Progress } from '../plan/progress.js';
import type { ServingCommandName, ServingCommands } from './commands.js';
import type { Conductor, Engine } from './engine.js';

/** Tells what was done, as the command of that name would have answered it. */
export type Did = <Name extends ServingCommandName>(
  name: Name,
  answer: ReturnType<ServingCommands[Name]>,
) => void;

interface Parts {
  readonly engine: Engine;
  readonly faults: FaultTable;
  /** Of the mount, for a plan without a seed of its own. */
  readonly seed: number;
  readonly did: Did;
  readonly log: (level: 'warn' | 'error' | 'debug', text: string) => void;
}

export class PlanRunner implements Conductor {
  private progress: Progress | undefined;
  private startMs = 0;
  private readonly hands: PlanHands;

  constructor(private readonly parts: Parts) {
    const { engine, faults, did } = parts;
    const remaining = () => engine.withheld.nrRequests;
    this.hands = {
      addFault: (fault, random) => {
        const { id } = faults.add(fault, random);
        did('addFault', { id, fault });
        return id;
      },
      removeFault: (id) => {
        const installed = faults.list().find((listed) => listed.id === id);
        if (installed === undefined) return;
        faults.remove(id);
        did('removeFault', { id, fault: installed.fault });
      },
      watchHeld: (filter) => engine.withheld.watch(filter),
      unwatchHeld: (count) => engine.withheld.unwatch(count),
      nrReleasable: (filter) => engine.withheld.select(filter).length,
      release: (filter) => {
        const released = engine.release(filter);
        did('release', { ...released, remaining: remaining() });
        return released.released;
      },
      setUnplugged: (unplugged) => {
        const changed = engine.isUnplugged !== unplugged;
        if (unplugged) {
          engine.unplug();
          did('unplug', { changed });
        } else did('plug', { changed, ...engine.plug(), remaining: remaining() });
      },
      nrRequests: (opcodes) => nrRequests(engine, opcodes),
    };
  }

  get nextTimeMs(): number {
    return this.progress?.nextTimeMs ?? Number.POSITIVE_INFINITY;
  }

  /** Undefined while another plan runs. */
  start(plan: Plan): PlanStatus | undefined {
    if (this.progress?.isRunning === true) return undefined;
    this.startMs = performance.now();
    this.progress = new Progress(plan, this.hands, plan.seed ?? this.parts.seed, this.startMs);
    this.parts.engine.conductor = this;
    this.advance(this.startMs);
    return this.status();
  }

  advance(nowMs: number): void {
    const { progress } = this;
    if (progress === undefined) return;
    progress.advance(nowMs);
    if (!progress.isRunning) this.over();
  }

  /** Ends the plan, and removes what it has armed, whether it has ended by itself or not. */
  stop(): PlanStatus {
    this.progress?.stop(performance.now());
    this.over();
    return this.status();
  }

  status(): PlanStatus {
    if (this.progress === undefined)
      return { state: 'none', elapsedMs: 0, seed: null, phases: [], waitsFor: null, reason: null };
    return { ...this.progress.view(), elapsedMs: performance.now() - this.startMs };
  }

  private over(): void {
    const { engine, log } = this.parts;
    if (engine.conductor === undefined) return;
    engine.conductor = undefined;
    const { state, reason } = this.status();
    if (state === 'failed') log('error', `the plan failed: ${reason}`);
    else log('debug', `the plan is over: ${state}`);
  }
}

function nrRequests({ requestsByOpcode }: Engine, opcodes: readonly number[] | undefined): number {
  let sum = 0;
  for (const opcode of opcodes ?? requestsByOpcode.keys()) sum += requestsByOpcode.get(opcode) ?? 0;
  return sum;
}
