/** The events of one arm, by name. */
import type { RunEvent } from '../record/events.js';

export type EventOf<Name extends RunEvent['event']> = Extract<RunEvent, { event: Name }>;

export class ArmEvents {
  private readonly own: readonly RunEvent[];

  constructor(events: readonly RunEvent[], arm: number) {
    this.own = events.filter((event) => 'arm' in event && event.arm === arm);
  }

  /** When the last of them was written; 0 where there is none. */
  get lastNs(): number {
    return this.own.reduce((last, { atNs }) => Math.max(last, atNs), 0);
  }

  first<Name extends RunEvent['event']>(name: Name): EventOf<Name> | undefined {
    return this.own.find((event): event is EventOf<Name> => event.event === name);
  }

  all<Name extends RunEvent['event']>(name: Name): EventOf<Name>[] {
    return this.own.filter((event): event is EventOf<Name> => event.event === name);
  }
}
