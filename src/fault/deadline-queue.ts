/**
 * Deadlines in order: a binary heap, so that tens of thousands of delayed replies share the one timer that the
 * daemon sets for `nextDeadline`.  Knows no clock: a deadline is a number on whatever scale the caller keeps.
 */
import { StuckfsError } from '../base/errors.js';

export class NotADeadlineError extends StuckfsError {
  override readonly code = 'NOT_A_DEADLINE';
}

/** One item in the queue; what `add` gives and `remove` takes. */
export interface QueuedDeadline<Item> {
  readonly deadline: number;
  readonly item: Item;
}

class Slot<Item> implements QueuedDeadline<Item> {
  constructor(
    readonly deadline: number,
    readonly order: number,
    readonly item: Item,
    /** Index in the heap, -1 once out of it. */
    public position: number,
  ) {}

  isBefore(other: Slot<Item>): boolean {
    return this.deadline < other.deadline || (this.deadline === other.deadline && this.order < other.order);
  }
}

/** Add, remove and take are O(log n); nextDeadline is O(1). */
export class DeadlineQueue<Item> {
  readonly #heap: Slot<Item>[] = [];
  #nextOrder = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Throws NotADeadlineError for NaN and the infinities, which would leave the heap without an order. */
  add(deadline: number, item: Item): QueuedDeadline<Item> {
    if (!Number.isFinite(deadline)) throw new NotADeadlineError(`${deadline} is not a time`);
    const slot = new Slot(deadline, this.#nextOrder, item, this.#heap.length);
    this.#nextOrder += 1;
    this.#heap.push(slot);
    this.#up(slot);
    return slot;
  }

  /** The earliest deadline, or undefined when there is none. */
  nextDeadline(): number | undefined {
    return this.#heap[0]?.deadline;
  }

  /** Takes out the earliest item whose deadline is `now` or before; equal deadlines in order of addition. */
  takeDue(now: number): Item | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.deadline > now) return undefined;
    this.#takeOut(first);
    return first.item;
  }

  /** False when it has left the queue already, or is of another queue. */
  remove(queued: QueuedDeadline<Item>): boolean {
    if (!(queued instanceof Slot) || this.#heap[queued.position] !== queued) return false;
    this.#takeOut(queued);
    return true;
  }

  #takeOut(slot: Slot<Item>): void {
    const last = this.#heap.pop();
    if (last !== undefined && last !== slot) {
      this.#place(last, slot.position);
      this.#up(last);
      this.#down(last);
    }
    slot.position = -1;
  }

  #place(slot: Slot<Item>, position: number): void {
    this.#heap[position] = slot;
    slot.position = position;
  }

  #up(slot: Slot<Item>): void {
    let { position } = slot;
    while (position > 0) {
      const parentPosition = (position - 1) >>> 1;
      const parent = this.#heap[parentPosition];
      if (parent === undefined || !slot.isBefore(parent)) break;
      this.#place(parent, position);
      position = parentPosition;
    }
    this.#place(slot, position);
  }

  #down(slot: Slot<Item>): void {
    let { position } = slot;
    for (;;) {
      const left = this.#heap[2 * position + 1];
      const right = this.#heap[2 * position + 2];
      const child = left !== undefined && right?.isBefore(left) ? right : left;
      if (child === undefined || !child.isBefore(slot)) break;
      const childPosition = child.position;
      this.#place(child, position);
      position = childPosition;
    }
    this.#place(slot, position);
  }
}
