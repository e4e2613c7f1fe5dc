/**
 * The data of one regular file: sparse, in chunks.  Owns the size and what is allocated; knows nothing of
 * inodes, times or names.  What a file may not do under POSIX is refused above (file-operations.ts).
 */
import { fail, isFailure, type Result } from '../failure.js';
import { type Budget, MAP_MAX_ENTRIES } from './budget.js';
import { CHUNK_BYTES, Chunk, PAGE_BYTES } from './chunk.js';

/** Page-aligned and exact as a number. */
export const MAX_FILE_BYTES = 2 ** 53 - PAGE_BYTES;

export class FileData {
  #size = 0;
  #nrPages = 0;
  /** Most files end in their first chunk, and a Map for each would cost more than their data. */
  #first: Chunk | undefined;
  #rest: Map<number, Chunk> | undefined;

  get size(): number {
    return this.#size;
  }

  /** Allocated 512-byte units, by whole pages. */
  get blocks(): number {
    return this.#nrPages * (PAGE_BYTES / 512);
  }

  /** Bytes read: up to the end of the file. Holes read as zero. */
  read(offset: number, size: number, into: Buffer): number {
    const total = Math.max(0, Math.min(size, this.#size - offset, into.length));
    let done = 0;
    while (done < total) {
      const index = Math.floor((offset + done) / CHUNK_BYTES);
      const from = offset + done - index * CHUNK_BYTES;
      const to = Math.min(CHUNK_BYTES, from + total - done);
      const chunk = this.#chunk(index);
      if (chunk === undefined) into.fill(0, done, done + to - from);
      else chunk.read(into, done, from, to);
      done += to - from;
    }
    return total;
  }

  /** Bytes written: fewer than given when the budget is spent. */
  write(budget: Budget, offset: number, data: Buffer): number {
    const total = data.length;
    let done = 0;
    while (done < total) {
      const index = Math.floor((offset + done) / CHUNK_BYTES);
      const from = offset + done - index * CHUNK_BYTES;
      const to = Math.min(CHUNK_BYTES, from + total - done);
      const [chunk, covered] = this.#reserve(budget, index, from, to, true);
      if (chunk === undefined || covered <= from) break;
      data.copy(chunk.bytes, from - chunk.base, done, done + covered - from);
      done += covered - from;
      if (covered < to) break;
    }
    if (done > 0 && offset + done > this.#size) this.#size = offset + done;
    return done;
  }

  /** truncate(2): what is cut off is freed, preallocation behind the end too. */
  resize(budget: Budget, size: number): void {
    if (size <= this.#size) this.punch(budget, size, MAX_FILE_BYTES);
    this.#size = size;
  }

  extend(size: number): void {
    if (size > this.#size) this.#size = size;
  }

  /** [start, end) reads as zero, and its whole pages are freed. */
  punch(budget: Budget, start: number, end: number): void {
    for (const index of this.#indices(start, end)) {
      const chunk = this.#chunk(index);
      if (chunk === undefined) continue;
      const from = Math.max(0, start - index * CHUNK_BYTES);
      const to = Math.min(CHUNK_BYTES, end - index * CHUNK_BYTES);
      this.#nrPages -= chunk.punch(budget, from, to);
      if (chunk.nrPages === 0) this.#drop(budget, index, chunk);
    }
  }

  /** Memory for all of [start, end), which keeps its content; ENOSPC may leave a part of it allocated. */
  allocate(budget: Budget, start: number, end: number): Result<0> {
    const nrChunks = (this.#first === undefined ? 0 : 1) + (this.#rest?.size ?? 0);
    if (end - start - nrChunks * CHUNK_BYTES > budget.freeBytes) return fail('ENOSPC');
    for (let at = start; at < end; ) {
      const index = Math.floor(at / CHUNK_BYTES);
      const from = at - index * CHUNK_BYTES;
      const to = Math.min(CHUNK_BYTES, end - index * CHUNK_BYTES);
      const [, covered] = this.#reserve(budget, index, from, to, false);
      if (covered < to) return fail('ENOSPC');
      at += to - from;
    }
    return 0;
  }

  /** SEEK_DATA: ENXIO at or behind the end, and when nothing but a hole follows. */
  seekData(offset: number): Result<number> {
    if (offset >= this.#size) return fail('ENXIO');
    let index: number | undefined = Math.floor(offset / CHUNK_BYTES);
    let page = Math.floor((offset - index * CHUNK_BYTES) / PAGE_BYTES);
    while (index !== undefined) {
      const found = this.#chunk(index)?.nextPage(page, true) ?? 32;
      if (found < 32) {
        const at = Math.max(offset, index * CHUNK_BYTES + found * PAGE_BYTES);
        return at < this.#size ? at : fail('ENXIO');
      }
      index = this.#nextIndex(index);
      page = 0;
    }
    return fail('ENXIO');
  }

  /** SEEK_HOLE: the end of the file counts as a hole. */
  seekHole(offset: number): Result<number> {
    if (offset >= this.#size) return fail('ENXIO');
    let index = Math.floor(offset / CHUNK_BYTES);
    let page = Math.floor((offset - index * CHUNK_BYTES) / PAGE_BYTES);
    for (;;) {
      const found = this.#chunk(index)?.nextPage(page, false) ?? page;
      if (found < 32) {
        return Math.min(this.#size, Math.max(offset, index * CHUNK_BYTES + found * PAGE_BYTES));
      }
      index++;
      page = 0;
    }
  }

  /**
   * Copies [from, from + length) of `source`, which must not overlap the target range in the same file; its
   * holes become holes.  Bytes copied: up to the end of the source or of the budget.
   */
  copy(budget: Budget, source: FileData, from: number, to: number, length: number): number {
    const total = Math.max(0, Math.min(length, source.#size - from));
    let done = 0;
    while (done < total) {
      const at = from + done;
      const data = source.seekData(at);
      const dataAt = isFailure(data) ? from + total : Math.min(data, from + total);
      if (dataAt > at) {
        this.punch(budget, to + done, to + done + dataAt - at);
        done += dataAt - at;
        this.extend(to + done);
        continue;
      }
      const piece = source.#piece(at, total - done);
      const copied = this.write(budget, to + done, piece);
      done += copied;
      if (copied < piece.length) break;
    }
    return done;
  }

  free(budget: Budget): void {
    this.resize(budget, 0);
  }

  /** The bytes at `at`, where there is data: at most `length`, as far as they lie together. Not a copy. */
  #piece(at: number, length: number): Buffer {
    const index = Math.floor(at / CHUNK_BYTES);
    const from = at - index * CHUNK_BYTES;
    const chunk = this.#chunk(index);
    const hole = chunk?.nextPage(Math.floor(from / PAGE_BYTES), false) ?? 32;
    const to = Math.min(hole * PAGE_BYTES, from + length);
    // A page that holds data may stick out of the window: the rest of it is zero.
    if (chunk === undefined || from >= chunk.end) return Buffer.alloc(Math.min(to - from, PAGE_BYTES));
    return chunk.bytes.subarray(from - chunk.base, Math.min(to, chunk.end) - chunk.base);
  }

  #chunk(index: number): Chunk | undefined {
    return index === 0 ? this.#first : this.#rest?.get(index);
  }

  #reserve(
    budget: Budget,
    index: number,
    from: number,
    to: number,
    overwrites: boolean,
  ): [Chunk | undefined, number] {
    let chunk = this.#chunk(index);
    if (chunk === undefined) {
      if (this.#rest !== undefined && this.#rest.size >= MAP_MAX_ENTRIES) return [undefined, from];
      chunk = new Chunk();
      // Whoever filled the chunk before this one is writing on: no doubling then.
      const eager = from === 0 && index > 0 && this.#chunk(index - 1)?.isWhole === true;
      const covered = chunk.reserve(budget, from, to, overwrites, eager);
      if (covered <= from) return [undefined, from];
      if (index === 0) {
        this.#first = chunk;
      } else {
        this.#rest ??= new Map();
        this.#rest.set(index, chunk);
      }
      this.#nrPages += chunk.mark(from, covered);
      return [chunk, covered];
    }
    const covered = chunk.reserve(budget, from, to, overwrites, false);
    if (covered > from) this.#nrPages += chunk.mark(from, covered);
    return [chunk, covered];
  }

  #drop(budget: Budget, index: number, chunk: Chunk): void {
    chunk.free(budget);
    if (index === 0) this.#first = undefined;
    else this.#rest?.delete(index);
  }

  /** The chunks that may exist in [start, end): a range of terabytes costs no more than the chunks there are. */
  #indices(start: number, end: number): number[] {
    if (start >= end) return [];
    const first = Math.floor(start / CHUNK_BYTES);
    const last = Math.floor((end - 1) / CHUNK_BYTES);
    const indices: number[] = [];
    if (last - first <= (this.#rest?.size ?? 0)) {
      for (let index = first; index <= last; index++) indices.push(index);
      return indices;
    }
    if (first === 0) indices.push(0);
    if (this.#rest !== undefined) {
      for (const index of this.#rest.keys()) if (index >= first && index <= last) indices.push(index);
    }
    return indices;
  }

  #nextIndex(index: number): number | undefined {
    if (this.#rest === undefined) return undefined;
    if (this.#rest.has(index + 1)) return index + 1;
    let next: number | undefined;
    for (const at of this.#rest.keys()) if (at > index && (next === undefined || at < next)) next = at;
    return next;
  }
}
