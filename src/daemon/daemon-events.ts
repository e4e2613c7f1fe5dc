/**
 * Makes events of what the serving thread has answered and of what is held.  The thread itself only counts in shared
 * memory that what it holds has changed; while somebody listens that count is looked at, and nobody is asked
 * otherwise, so that a request costs the same whether anybody listens or not.
 */
import { ControlError } from '../control/contract/errors.js';
import type { ControlEvent, EventData, Happening } from '../control/contract/events.js';
import type { InstalledFault } from '../control/contract/faults.js';
import type { PlugAnswer, ReleaseAnswer, UnplugAnswer } from '../control/contract/held.js';
import type { Listening } from '../control/server/api.js';
import { EventHub } from '../control/server/event-hub.js';
import type { ServingCommandName, ServingCommands, ServingStatus, SharedState } from './commands.js';
import { ServingError } from './serving-error.js';
import type { Released } from './withheld.js';

/** Changes of what is held are told together when they come within this time. */
const heldStepMs = 20;

/** What is needed of the serving thread. */
interface Answering {
  readonly shared: Pick<SharedState, 'heldChanges'>;
  ask(name: 'status'): Promise<ReturnType<ServingCommands['status']>>;
  ask(name: 'faults'): Promise<ReturnType<ServingCommands['faults']>>;
  /** Has the observer told of every answer, in the order in which the commands were carried out. */
  observe(observer: (name: ServingCommandName, answer: unknown) => void): void;
}

export class DaemonEvents {
  private readonly hub = new EventHub((isThere) => this.watch(isThere));
  private readonly armed = new Set<number>();
  private unplugged = false;
  private timer: NodeJS.Timeout | undefined;
  private asking = false;
  private seenChanges = -1;
  private told = '';
  private over = false;

  constructor(private readonly serving: Answering) {
    serving.observe((name, answer) => this.answered(name, answer));
  }

  /** For what only the main thread knows of. */
  publish(happening: Happening): void {
    this.hub.publish(happening);
  }

  async listen(listener: (event: ControlEvent) => void): Promise<Listening> {
    const { serving } = this;
    // Asked in one go: the thread carries out nothing between the two, and whatever it answers later came after them.
    const asked = Promise.all([serving.ask('status'), serving.ask('faults')]);
    const [{ held, unplugged }, faults] = await asked.catch((error: unknown) => {
      if (!(error instanceof ServingError)) throw error;
      throw new ControlError('UNAVAILABLE', error.message, { cause: error });
    });
    const amount = amountOf(held);
    if (this.timer === undefined) this.told = JSON.stringify(amount);
    const state = this.hub.numbered({ event: 'state', data: { held: amount, faults, unplugged } });
    return { state, stop: this.hub.listen(listener) };
  }

  /** Tells the last event. */
  end(reason: string): void {
    if (this.over) return;
    this.over = true;
    this.watch(false);
    this.publish({ event: 'ended', data: { reason } });
  }

  private answered(name: ServingCommandName, answer: unknown): void {
    switch (name) {
      case 'addFault': {
        const fault = answer as InstalledFault;
        this.armed.add(fault.id);
        this.publish({ event: 'fault-added', data: fault });
        break;
      }
      case 'removeFault':
        if (answer !== undefined) this.removed((answer as InstalledFault).id);
        break;
      case 'clearFaults':
        this.cleared();
        break;
      case 'release':
        this.released(answer as ReleaseAnswer);
        break;
      case 'unplug':
        if ((answer as UnplugAnswer).changed) this.plugChanged(true);
        break;
      case 'plug': {
        const { changed, ...released } = answer as PlugAnswer;
        if (changed) this.plugChanged(false);
        this.released(released);
        break;
      }
      case 'letGoOfAll':
        this.cleared();
        if (this.unplugged) this.plugChanged(false);
        this.released({ ...(answer as Released), remaining: 0 });
        break;
      case 'status':
      case 'held':
      case 'faults':
        break;
    }
  }

  private removed(id: number): void {
    this.armed.delete(id);
    this.publish({ event: 'fault-removed', data: { id } });
  }

  private cleared(): void {
    for (const id of [...this.armed]) this.removed(id);
  }

  private plugChanged(unplugged: boolean): void {
    this.unplugged = unplugged;
    this.publish({ event: unplugged ? 'unplugged' : 'plugged', data: {} });
  }

  private released(data: EventData<'released'>): void {
    if (data.released > 0) this.publish({ event: 'released', data });
  }

  private watch(isWatched: boolean): void {
    clearInterval(this.timer);
    this.timer = undefined;
    if (!isWatched || this.over) return;
    // Whatever was counted before is looked at once, since the state may be older.
    this.seenChanges = -1;
    this.timer = setInterval(() => void this.look(), heldStepMs);
  }

  private async look(): Promise<void> {
    const { heldChanges } = this.serving.shared;
    if (this.asking || heldChanges === this.seenChanges) return;
    this.asking = true;
    this.seenChanges = heldChanges;
    try {
      this.tellHeld(await this.serving.ask('status'));
    } catch (error) {
      // The connection is over: `ended` is next.
      if (!(error instanceof ServingError)) throw error;
    } finally {
      this.asking = false;
    }
  }

  private tellHeld({ held }: ServingStatus): void {
    const data = amountOf(held);
    const text = JSON.stringify(data);
    if (text === this.told || this.over) return;
    this.told = text;
    this.publish({ event: 'held', data });
  }
}

function amountOf({ requests, bytes, byOpcode }: ServingStatus['held']): EventData<'held'> {
  return { requests, bytes, byOpcode };
}
