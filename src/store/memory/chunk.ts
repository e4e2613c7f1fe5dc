/**
 * 128 KiB of a file: a buffer over the part that is in use (the window), and a bit for each page that holds
 * data.  The window starts small and doubles, so that a small file does not cost a whole chunk.
 * Invariant: bytes of the window that nobody wrote are zero, so a read never asks the bitmap.
 */
import type { Budget } from './budget.js';

export const PAGE_BYTES = 4096;
/** 32 pages, so that the bitmap is one int32. */
export const CHUNK_BYTES = 32 * PAGE_BYTES;
/** An ArrayBuffer with its backing store, this object and its Map slot, as measured, rounded up. */
const CHUNK_OVERHEAD_BYTES = 512;
const GRAIN_BYTES = 64;
const nothing = Buffer.allocUnsafeSlow(0);

export class Chunk {
  /** The window, in bytes from the start of the chunk; `base` is a multiple of PAGE_BYTES. */
  base = 0;
  bytes: Buffer = nothing;
  #pages = 0;

  get end(): number {
    return this.base + this.bytes.length;
  }

  get nrPages(): number {
    return popcount(this.#pages);
  }

  get isWhole(): boolean {
    return this.bytes.length === CHUNK_BYTES;
  }

  /**
   * Widens the window to cover [from, to), or as much of it as the budget allows; answers up to where it covers.
   * With `overwrites` the caller writes that range next, so it need not be zeroed; with `eager` the window
   * becomes the whole chunk if it fits.
   */
  reserve(budget: Budget, from: number, to: number, overwrites: boolean, eager: boolean): number {
    const length = this.bytes.length;
    const isNew = length === 0;
    const oldBase = isNew ? floorTo(from, PAGE_BYTES) : this.base;
    const oldEnd = oldBase + length;
    if (!isNew && from >= oldBase && to <= oldEnd) return to;

    const overhead = isNew ? CHUNK_OVERHEAD_BYTES : 0;
    const needBase = Math.min(oldBase, floorTo(from, PAGE_BYTES));
    const needEnd = Math.max(oldEnd, floorTo(to + GRAIN_BYTES - 1, GRAIN_BYTES));
    let base = needBase;
    let end = needEnd;
    if (eager) {
      base = 0;
      end = CHUNK_BYTES;
    } else if (!isNew) {
      if (needEnd > oldEnd) end = Math.min(CHUNK_BYTES, Math.max(needEnd, oldBase + 2 * length));
      if (needBase < oldBase)
        base = Math.max(0, Math.min(needBase, floorTo(oldEnd - 2 * length, PAGE_BYTES)));
    }
    if (!budget.chargeData(end - base - length + overhead)) {
      base = needBase;
      const room = budget.freeBytes - overhead - (oldBase - needBase);
      if (room < 0) return from;
      end = Math.min(needEnd, oldEnd + floorTo(room, GRAIN_BYTES));
      if (end <= from || !budget.chargeData(end - base - length + overhead)) return from;
    }
    const covered = Math.min(to, end);
    this.#move(base, end - base, overwrites && isNew ? from : 0, overwrites && isNew ? covered : 0);
    return covered;
  }

  /** Bytes [from, to) to `into` at `at`; what the window does not cover is zero. */
  read(into: Buffer, at: number, from: number, to: number): void {
    const start = Math.max(from, this.base);
    const end = Math.min(to, this.end);
    if (start >= end) {
      into.fill(0, at, at + to - from);
      return;
    }
    if (start > from) into.fill(0, at, at + start - from);
    this.bytes.copy(into, at + start - from, start - this.base, end - this.base);
    if (end < to) into.fill(0, at + end - from, at + to - from);
  }

  /** Marks the pages of [from, to) as data; answers how many were not. */
  mark(from: number, to: number): number {
    const before = this.#pages;
    this.#pages |= pageMask(Math.floor(from / PAGE_BYTES), Math.floor((to - 1) / PAGE_BYTES));
    return before === this.#pages ? 0 : popcount(this.#pages) - popcount(before);
  }

  /** Zeroes [from, to), gives up the pages wholly inside and memory worth giving up; answers how many pages. */
  punch(budget: Budget, from: number, to: number): number {
    const start = Math.max(from, this.base);
    const end = Math.min(to, this.end);
    if (start < end) this.bytes.fill(0, start - this.base, end - this.base);
    const before = this.#pages;
    const first = Math.ceil(from / PAGE_BYTES);
    const last = Math.floor(to / PAGE_BYTES) - 1;
    if (first <= last) this.#pages &= ~pageMask(first, last);
    if (before === this.#pages) return 0;
    this.#shrink(budget);
    return popcount(before) - popcount(this.#pages);
  }

  /** The first page at or after `page` that holds data (or does not); 32 when there is none. */
  nextPage(page: number, holdsData: boolean): number {
    const pages = holdsData ? this.#pages : ~this.#pages;
    const rest = page === 0 ? pages : pages & ~((1 << page) - 1);
    return rest === 0 ? 32 : 31 - Math.clz32(rest & -rest);
  }

  /** Gives all memory back; the chunk must not be used again but through `reserve`. */
  free(budget: Budget): void {
    if (this.bytes.length > 0) budget.refundData(this.bytes.length + CHUNK_OVERHEAD_BYTES);
    this.bytes = nothing;
    this.base = 0;
    this.#pages = 0;
  }

  #shrink(budget: Budget): void {
    if (this.#pages === 0) return;
    const first = this.nextPage(0, true);
    const last = 31 - Math.clz32(this.#pages);
    const base = Math.max(this.base, first * PAGE_BYTES);
    const length = Math.min(this.end, (last + 1) * PAGE_BYTES) - base;
    if (length > this.bytes.length / 2 || length <= 0) return;
    budget.refundData(this.bytes.length - length);
    this.#move(base, length, 0, 0);
  }

  /** A new window with the old bytes in it; [skipFrom, skipTo) may be left as garbage. */
  #move(base: number, length: number, skipFrom: number, skipTo: number): void {
    let bytes: Buffer;
    if (skipFrom < skipTo) {
      bytes = Buffer.allocUnsafeSlow(length);
      if (skipFrom > base) bytes.fill(0, 0, skipFrom - base);
      if (skipTo < base + length) bytes.fill(0, skipTo - base);
    } else {
      bytes = Buffer.alloc(length);
    }
    const start = Math.max(base, this.base);
    const end = Math.min(base + length, this.end);
    if (start < end) this.bytes.copy(bytes, start - base, start - this.base, end - this.base);
    this.base = base;
    this.bytes = bytes;
  }
}

function floorTo(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}

function pageMask(first: number, last: number): number {
  const nr = last - first + 1;
  return nr >= 32 ? -1 : ((1 << nr) - 1) << first;
}

function popcount(bits: number): number {
  let v = bits - ((bits >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
