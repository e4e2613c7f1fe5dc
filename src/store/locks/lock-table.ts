/**
 * All locks of a store, and who waits for them: first come first served among those whose way is clear, and no
 * circle of record-lock owners waiting for each other (fs/locks.c: posix_locks_deadlock).
 * Does not know inodes but by their id.  Its size is limited, because a lock costs a client next to nothing.
 */
import type { NodeId } from '../../base/branded.js';
import { fail, type Result } from '../failure.js';
import { type LockConflict, type LockOwner, type LockRequest, type LockTicket, OFFSET_MAX } from '../lock.js';
import { Flocks } from './flocks.js';
import { RecordLocks } from './record-locks.js';

type Settle = (result: Result<0>) => void;

interface Waiter {
  readonly ticket: LockTicket;
  readonly nodeid: NodeId;
  readonly locks: InodeLocks;
  readonly request: LockRequest;
  readonly settle: Settle;
}

/** A Set keeps the order of arrival. */
interface InodeLocks {
  readonly record: RecordLocks;
  readonly flock: Flocks;
  readonly queue: Set<Waiter>;
}

export class LockTable {
  readonly #byInode = new Map<NodeId, InodeLocks>();
  readonly #waiters = new Map<LockTicket, Waiter>();
  /** Record locks only: a process has as many waits as threads that wait. */
  readonly #waitsOf = new Map<LockOwner, Set<Waiter>>();
  #nextTicket = 1;
  #nrHeld = 0;

  constructor(private readonly maxLocks: number) {}

  /** Held and waited for. */
  get nrLocks(): number {
    return this.#nrHeld + this.#waiters.size;
  }

  getlk(nodeid: NodeId, request: LockRequest): Result<LockConflict | undefined> {
    if (!isValid(request)) return fail('EINVAL');
    const locks = this.#byInode.get(nodeid);
    return locks === undefined ? undefined : conflictOf(locks, request);
  }

  setlk(nodeid: NodeId, request: LockRequest): Result<0> {
    return this.#set(nodeid, request, undefined) as Result<0>;
  }

  setlkw(nodeid: NodeId, request: LockRequest, settle: Settle): Result<0> | LockTicket {
    return this.#set(nodeid, request, settle);
  }

  cancel(ticket: LockTicket): boolean {
    const waiter = this.#waiters.get(ticket);
    if (waiter === undefined) return false;
    this.#leaveQueue(waiter);
    this.#dropIfEmpty(waiter.nodeid, waiter.locks);
    return true;
  }

  releaseRecordLocks(nodeid: NodeId, owner: LockOwner): void {
    const locks = this.#byInode.get(nodeid);
    if (locks === undefined) return;
    const nr = locks.record.releaseOwner(owner);
    this.#nrHeld -= nr;
    if (nr > 0) this.#wake(nodeid, locks);
  }

  releaseFlock(nodeid: NodeId, owner: LockOwner): void {
    const unlock = { flavor: 'flock', owner, pid: 0, type: 'unlock', start: 0n, end: OFFSET_MAX } as const;
    if (this.#byInode.has(nodeid)) this.setlk(nodeid, unlock);
  }

  /** The inode is gone; a wait for it cannot end otherwise. */
  drop(nodeid: NodeId): void {
    const locks = this.#byInode.get(nodeid);
    if (locks === undefined) return;
    this.#byInode.delete(nodeid);
    this.#nrHeld -= locks.record.nrLocks + locks.flock.nrLocks;
    for (const waiter of [...locks.queue]) {
      this.#leaveQueue(waiter);
      waiter.settle(fail('EBADF'));
    }
  }

  #set(nodeid: NodeId, request: LockRequest, settle: Settle | undefined): Result<0> | LockTicket {
    if (!isValid(request)) return fail('EINVAL');
    let locks = this.#byInode.get(nodeid);
    if (locks === undefined) {
      if (request.type === 'unlock') return 0;
      locks = { record: new RecordLocks(), flock: new Flocks(), queue: new Set() };
      this.#byInode.set(nodeid, locks);
    }
    this.#giveUpForConversion(locks, request);
    const result = this.#acquireOrQueue(nodeid, locks, request, settle);
    if (result === 0) this.#wake(nodeid, locks);
    this.#dropIfEmpty(nodeid, locks);
    return result;
  }

  #acquireOrQueue(
    nodeid: NodeId,
    locks: InodeLocks,
    request: LockRequest,
    settle: Settle | undefined,
  ): Result<0> | LockTicket {
    if (request.type === 'unlock' || conflictOf(locks, request) === undefined) {
      return this.#acquire(locks, request);
    }
    if (settle === undefined) return fail('EAGAIN');
    if (request.flavor === 'record' && this.#closesCircle(locks, request)) return fail('EDEADLK');
    if (this.nrLocks >= this.maxLocks) return fail('ENOLCK');
    const waiter: Waiter = { ticket: this.#nextTicket++, nodeid, locks, request, settle };
    this.#waiters.set(waiter.ticket, waiter);
    locks.queue.add(waiter);
    if (request.flavor === 'record') {
      const waits = this.#waitsOf.get(request.owner) ?? new Set();
      this.#waitsOf.set(request.owner, waits.add(waiter));
    }
    return waiter.ticket;
  }

  #acquire(locks: InodeLocks, request: LockRequest): Result<0> {
    const held = locks[request.flavor];
    const growth = held.growth(request);
    if (growth > 0 && this.nrLocks + growth > this.maxLocks) return fail('ENOLCK');
    held.apply(request);
    this.#nrHeld += growth;
    return 0;
  }

  /**
   * flock(2) converts by unlocking first: a conversion that fails or waits has lost the old lock.  Nobody need be
   * woken then: what is in its way is another reader, who is in the way of all writers.
   */
  #giveUpForConversion(locks: InodeLocks, request: LockRequest): void {
    if (request.flavor !== 'flock' || request.type === 'unlock') return;
    const type = locks.flock.typeOf(request.owner);
    if (type === undefined || type === request.type) return;
    locks.flock.apply({ ...request, type: 'unlock' });
    this.#nrHeld--;
  }

  /** Grants what can be granted; callbacks run last, since they may come back for more. */
  #wake(nodeid: NodeId, locks: InodeLocks): void {
    if (locks.queue.size === 0) {
      this.#dropIfEmpty(nodeid, locks);
      return;
    }
    const settled: [Waiter, Result<0>][] = [];
    // Granting a read lock over one's own write lock clears the way for those already passed over.
    for (let progress = true; progress; ) {
      progress = false;
      for (const waiter of locks.queue) {
        if (conflictOf(locks, waiter.request) !== undefined) continue;
        this.#leaveQueue(waiter);
        settled.push([waiter, this.#acquire(locks, waiter.request)]);
        progress = true;
      }
    }
    if (settled.length > 0) {
      // As in the kernel, where whoever is woken in vain looks for a circle again before it sleeps.
      for (const waiter of locks.queue) {
        if (waiter.request.flavor !== 'record' || !this.#closesCircle(locks, waiter.request)) continue;
        this.#leaveQueue(waiter);
        settled.push([waiter, fail('EDEADLK')]);
      }
    }
    this.#dropIfEmpty(nodeid, locks);
    for (const [waiter, result] of settled) waiter.settle(result);
  }

  #leaveQueue(waiter: Waiter): void {
    waiter.locks.queue.delete(waiter);
    this.#waiters.delete(waiter.ticket);
    const waits = this.#waitsOf.get(waiter.request.owner);
    waits?.delete(waiter);
    if (waits?.size === 0) this.#waitsOf.delete(waiter.request.owner);
  }

  /** Whether those in the way of the request wait, through whomever, for its owner. */
  #closesCircle(locks: InodeLocks, request: LockRequest): boolean {
    const seen = new Set<LockOwner>();
    const open = locks.record.conflictingOwners(request);
    for (let owner = open.pop(); owner !== undefined; owner = open.pop()) {
      if (owner === request.owner) return true;
      if (seen.has(owner)) continue;
      seen.add(owner);
      for (const wait of this.#waitsOf.get(owner) ?? []) {
        for (const next of wait.locks.record.conflictingOwners(wait.request)) open.push(next);
      }
    }
    return false;
  }

  #dropIfEmpty(nodeid: NodeId, locks: InodeLocks): void {
    if (!locks.record.isEmpty || locks.flock.nrLocks > 0 || locks.queue.size > 0) return;
    if (this.#byInode.get(nodeid) === locks) this.#byInode.delete(nodeid);
  }
}

function conflictOf(locks: InodeLocks, request: LockRequest): LockConflict | undefined {
  const conflict = locks[request.flavor].conflict(request);
  if (conflict === undefined) return undefined;
  const { type, pid, start, end } = conflict;
  return { type, pid, start, end };
}

function isValid({ start, end }: LockRequest): boolean {
  return start >= 0n && start <= end && end <= OFFSET_MAX;
}
