/**
 * The record locks (fcntl) held on one inode: for each owner ranges in order that never overlap, and never touch
 * when of one type.  Splits and merges as posix_lock_inode (fs/locks.c); knows no waiting.
 */
import type { LockConflict, LockOwner, LockRequest } from '../lock.js';

interface Range {
  readonly start: bigint;
  /** Inclusive. */
  readonly end: bigint;
  readonly type: 'read' | 'write';
  readonly pid: number;
}

interface Change {
  readonly at: number;
  readonly nrReplaced: number;
  readonly pieces: readonly Range[];
}

export class RecordLocks {
  readonly #byOwner = new Map<LockOwner, Range[]>();

  get isEmpty(): boolean {
    return this.#byOwner.size === 0;
  }

  get nrLocks(): number {
    let nr = 0;
    for (const ranges of this.#byOwner.values()) nr += ranges.length;
    return nr;
  }

  /** The lowest lock of another owner that is in the way. */
  conflict(request: LockRequest): LockConflict | undefined {
    let lowest: Range | undefined;
    for (const [owner, ranges] of this.#byOwner) {
      if (owner === request.owner) continue;
      const range = firstConflict(ranges, request);
      if (range !== undefined && (lowest === undefined || range.start < lowest.start)) lowest = range;
    }
    return lowest;
  }

  conflictingOwners(request: LockRequest): LockOwner[] {
    const owners: LockOwner[] = [];
    for (const [owner, ranges] of this.#byOwner) {
      if (owner !== request.owner && firstConflict(ranges, request) !== undefined) owners.push(owner);
    }
    return owners;
  }

  /** How many locks more (or fewer) there are after `apply`. */
  growth(request: LockRequest): number {
    const { pieces, nrReplaced } = changeOf(this.#byOwner.get(request.owner) ?? [], request);
    return pieces.length - nrReplaced;
  }

  /** Replaces what the owner holds in the range, without a look at other owners. */
  apply(request: LockRequest): void {
    const ranges = this.#byOwner.get(request.owner) ?? [];
    const { at, nrReplaced, pieces } = changeOf(ranges, request);
    ranges.splice(at, nrReplaced, ...pieces);
    if (ranges.length === 0) this.#byOwner.delete(request.owner);
    else this.#byOwner.set(request.owner, ranges);
  }

  /** How many locks went. */
  releaseOwner(owner: LockOwner): number {
    const nr = this.#byOwner.get(owner)?.length ?? 0;
    this.#byOwner.delete(owner);
    return nr;
  }
}

function changeOf(ranges: readonly Range[], request: LockRequest): Change {
  const { start, end, type, pid } = request;
  // One byte more on both sides: neighbours of the same type merge.
  const at = firstEndingAt(ranges, start - 1n);
  const left: Range[] = [];
  const right: Range[] = [];
  let mergedStart = start;
  let mergedEnd = end;
  let next = at;
  for (; next < ranges.length; next++) {
    const range = ranges[next];
    if (range === undefined || range.start > end + 1n) break;
    if (range.type === type) {
      if (range.start < mergedStart) mergedStart = range.start;
      if (range.end > mergedEnd) mergedEnd = range.end;
      continue;
    }
    if (range.start < start) left.push(range.end < start ? range : { ...range, end: start - 1n });
    if (range.end > end) right.push(range.start > end ? range : { ...range, start: end + 1n });
  }
  const merged: Range[] = type === 'unlock' ? [] : [{ start: mergedStart, end: mergedEnd, type, pid }];
  return { at, nrReplaced: next - at, pieces: [...left, ...merged, ...right] };
}

function firstConflict(ranges: readonly Range[], request: LockRequest): Range | undefined {
  for (let at = firstEndingAt(ranges, request.start); at < ranges.length; at++) {
    const range = ranges[at];
    if (range === undefined || range.start > request.end) return undefined;
    if (range.type === 'write' || request.type === 'write') return range;
  }
  return undefined;
}

/** Index of the first range that ends at `offset` or behind it. */
function firstEndingAt(ranges: readonly Range[], offset: bigint): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range !== undefined && range.end < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
