/**
 * The requests whose answer waits: held until released, or delayed until their time; and those that are answered but
 * pinned.  Owns the inventory and the deadlines; who takes an entry out answers it, or lets its data go, exactly once.
 */
import { DeadlineQueue, type QueuedDeadline } from '../fault/deadline-queue.js';
import {
  type HeldFilter,
  type HeldRequest,
  type HeldTotals,
  Inventory,
  type WatchedCount,
} from '../fault/inventory.js';
import { Opcode } from '../protocol/opcode.js';
import type { Pin } from '../transport/transport.js';

/**
 * A WRITE has been applied, or has failed with an errno (positive), and wants only its answer; anything else is
 * carried out when it is let go.
 */
export type Withheld =
  | { readonly ackBytes: number }
  | { readonly errno: number }
  | { readonly message: Buffer }
  /** Answered already: only its data is kept. */
  | { readonly pin: Pin };

/** Only WRITEs are ever pinned (src/fault/pin.ts). */
export function isPinned(withheld: Withheld): boolean {
  return 'pin' in withheld;
}

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
  private readonly pinnedTotals = { requests: 0, bytes: 0 };

  constructor(private readonly settle: (entry: Entry, withheld: Withheld) => void) {}

  withhold(request: Omit<Entry, 'payload'>, withheld: Withheld): void {
    const queued =
      request.deadlineMs === undefined ? undefined : this.deadlines.add(request.deadlineMs, request.unique);
    const entry = { ...request, payload: { withheld, queued } };
    this.inventory.add(entry);
    this.countPin(entry, 1);
  }

  select(filter: HeldFilter): readonly Entry[] {
    return this.inventory.select(filter);
  }

  /** Of those whose answer waits. */
  get totals(): HeldTotals {
    return minus(this.inventory.totals, this.pinnedTotals);
  }

  watch(filter: HeldFilter): WatchedCount {
    return this.inventory.watch(filter);
  }

  unwatch(count: WatchedCount): void {
    this.inventory.unwatch(count);
  }

  /** Of those whose answer waits. */
  totalsByOpcode(): Map<number, HeldTotals> {
    const totals = this.inventory.totalsByOpcode();
    const writes = totals.get(Opcode.FUSE_WRITE);
    if (writes === undefined || this.pinnedTotals.requests === 0) return totals;
    if (writes.requests === this.pinnedTotals.requests) totals.delete(Opcode.FUSE_WRITE);
    else totals.set(Opcode.FUSE_WRITE, minus(writes, this.pinnedTotals));
    return totals;
  }

  /** Of WRITEs that are answered, and whose data is kept. */
  get pinned(): HeldTotals {
    return { ...this.pinnedTotals };
  }

  /** Of all, pinned or waiting. */
  get nrRequests(): number {
    return this.inventory.totals.requests;
  }

  /** Monotonic ms; undefined when nothing is withheld. */
  get oldestSinceMs(): number | undefined {
    return this.inventory.oldestHeldSinceMs;
  }

  nextDeadlineMs(): number {
    return this.deadlines.nextDeadline() ?? Number.POSITIVE_INFINITY;
  }

  private take(unique: bigint): Entry | undefined {
    const entry = this.inventory.take(unique);
    if (entry !== undefined) this.countPin(entry, -1);
    return entry;
  }

  private countPin({ size = 0, payload }: Entry, sign: 1 | -1): void {
    if (!isPinned(payload.withheld)) return;
    this.pinnedTotals.requests += sign;
    this.pinnedTotals.bytes += sign * size;
  }

  /** Answers what matches, in its order. */
  release(filter: HeldFilter): Released {
    let released = 0;
    let bytes = 0;
    for (const { unique } of this.inventory.select(filter)) {
      const entry = this.take(unique);
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
      const entry = this.take(unique);
      if (entry !== undefined) this.settle(entry, entry.payload.withheld);
    }
  }
}

function minus(all: HeldTotals, some: HeldTotals): HeldTotals {
  return { requests: all.requests - some.requests, bytes: all.bytes - some.bytes };
}
