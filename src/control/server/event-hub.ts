/**
 * Numbers events and hands them to whoever listens at that moment; keeps none.  Without a listener an event costs a
 * number.  What a listener does with it is its own affair, and it must not throw.
 */
import type { ControlEvent, Happening } from '../contract/events.js';

export type EventListener = (event: ControlEvent) => void;

export class EventHub {
  private readonly listeners = new Set<EventListener>();
  private lastId = 0;

  /** @param onAudience called when the first listener comes, and when the last one is gone */
  constructor(private readonly onAudience: (isThere: boolean) => void = () => {}) {}

  numbered(happening: Happening): ControlEvent {
    this.lastId += 1;
    return { id: this.lastId, ...happening };
  }

  publish(happening: Happening): void {
    const event = this.numbered(happening);
    for (const listener of [...this.listeners]) listener(event);
  }

  /** @returns what ends it, once or more often */
  listen(listener: EventListener): () => void {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.onAudience(true);
    return () => {
      if (this.listeners.delete(listener) && this.listeners.size === 0) this.onAudience(false);
    };
  }
}
