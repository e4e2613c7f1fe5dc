/**
 * The requests whose answer waits: held until released, or delayed until their time.  Owns the inventory and
 * the deadlines; who takes an entry out answers it, exactly once.
 */
import { DeadlineQueue, type QueuedDeadline } from '../fault/deadline-queue.js';
import { type HeldFilter, type HeldRequest, Inventory, type WatchedCount } from '../fault/inventory.js';

/**
 * A WRITE has been applied, or has failed with an errno (positive), and wants only its answer; anything else is
 * carried out when it is let go.
 */
export type Withheld =
  | { readonly ackBytes: number }
  | { readonly errno: number }
  | { readonly message: Buffer };

export interface Released {
  readonly released: number;
  /** Of file data. */
  readonly bytes: number;
}

type Entry = HeldRequest<{
  readonly withheld: Withheld;
  readonly queued: QueuedDeadline<bigint> | undefined;
}>;

export class WithheldRequests {
  private readonly inventory = new Inventory<Entry['payload']>();
  private readonly deadlines = new DeadlineQueue<bigint>();

  constructor(private readonly settle: (entry: Entry, withheld: Withheld) => void) {}

  withhold(request: Omit<Entry, 'payload'>, withheld: Withheld): void {
    const queued =
      request.deadlineMs === undefined ? undefined : this.deadlines.add(request.deadlineMs, request.unique);
    this.inventory.add({ ...request, payload: { withheld, queued } });
  }

  select(filter: HeldFilter): readonly Entry[] {
    return this.inventory.select(filter);
  }

  watch(filter: HeldFilter): WatchedCount {
    return this.inventory.watch(filter);
  }

  unwatch(count: WatchedCount): void {
    this.inventory.unwatch(count);
  }

  get totals() {
    return this.inventory.totals;
  }

  totalsByOpcode() {
    return this.inventory.totalsByOpcode();
  }

  /** Monotonic ms; undefined when nothing is withheld. */
  get oldestSinceMs(): number | undefined {
    return this.inventory.oldestHeldSinceMs;
  }

  nextDeadlineMs(): number {
    return this.deadlines.nextDeadline() ?? Number.POSITIVE_INFINITY;
  }

  /** Answers what matches, in its order. */
  release(filter: HeldFilter): Released {
    let released = 0;
    let bytes = 0;
    for (const { unique } of this.inventory.select(filter)) {
      const entry = this.inventory.take(unique);
      if (entry === undefined) continue;
      if (entry.payload.queued !== undefined) this.deadlines.remove(entry.payload.queued);
      released += 1;
      bytes += entry.size ?? 0;
      this.settle(entry, entry.payload.withheld);
    }
    return { released, bytes };
  }

  /** Answers the delayed ones whose time has come. */
  releaseDue(nowMs: number): void {
    for (;;) {
      const unique = this.deadlines.takeDue(nowMs);
      if (unique === undefined) return;
      const entry = this.inventory.take(unique);
      if (entry !== undefined) this.settle(entry, entry.payload.withheld);
    }
  }
}
