/**
 * The flock(2) locks held on one inode: one for each open file, over the whole file.
 * As flock_lock_inode (fs/locks.c); knows no waiting.
 */
import { type LockConflict, type LockOwner, type LockRequest, OFFSET_MAX } from '../lock.js';

interface Held {
  readonly type: 'read' | 'write';
  readonly pid: number;
}

export class Flocks {
  readonly #byOwner = new Map<LockOwner, Held>();

  get nrLocks(): number {
    return this.#byOwner.size;
  }

  typeOf(owner: LockOwner): 'read' | 'write' | undefined {
    return this.#byOwner.get(owner)?.type;
  }

  conflict(request: LockRequest): LockConflict | undefined {
    for (const [owner, held] of this.#byOwner) {
      if (owner === request.owner) continue;
      if (held.type === 'write' || request.type === 'write') return { ...held, start: 0n, end: OFFSET_MAX };
    }
    return undefined;
  }

  growth(request: LockRequest): number {
    const held = this.#byOwner.has(request.owner) ? 1 : 0;
    return request.type === 'unlock' ? -held : 1 - held;
  }

  apply(request: LockRequest): void {
    if (request.type === 'unlock') this.#byOwner.delete(request.owner);
    else this.#byOwner.set(request.owner, { type: request.type, pid: request.pid });
  }
}
