/**
 * Kernel files that are one array of 64-bit entries, indexed by page: pagemap, kpageflags, kpagecount.
 * Owns the positioned reads (whole entries, in as few calls as the kernel allows) and the grouping of a list of
 * indexes into runs.  It knows nothing of what an entry means.
 * Authority: fs/proc/page.c, fs/proc/task_mmu.c (pagemap_read): offset and count must be multiples of 8.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { malformed, underRoot, unreadable } from './kernel-file.js';

const entryBytes = 8;

/** Where the halves of an entry lie when it is seen as two 32-bit words. */
export const lowWord = endianness() === 'LE' ? 0 : 1;
export const highWord = 1 - lowWord;

class EntryFile {
  readonly #fd: number;

  constructor(
    readonly file: string,
    root: string,
  ) {
    try {
      this.#fd = openSync(underRoot(root, file), 'r');
    } catch (error) {
      throw unreadable(file, 'a readable file', error);
    }
  }

  /** Fills `into` from entry `first` on; answers how many entries there were before the end of the file. */
  readInto(into: BigUint64Array, first: number): number {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    const start = first * entryBytes;
    if (!Number.isSafeInteger(start) || first < 0)
      throw malformed(this.file, undefined, 'an index', `${first}`);
    let filled = 0;
    while (filled < bytes.length) {
      let got: number;
      try {
        got = readSync(this.#fd, bytes, filled, bytes.length - filled, start + filled);
      } catch (error) {
        throw unreadable(this.file, `entries from ${first + filled / entryBytes} on`, error);
      }
      if (got === 0) break;
      filled += got;
    }
    return Math.floor(filled / entryBytes);
  }

  /** Entries [first, first + count); an end of the file before that is an error. */
  read(first: number, count: number): BigUint64Array<ArrayBuffer> {
    const entries = new BigUint64Array(count);
    this.#readAll(entries, first);
    return entries;
  }

  /** The entry of each index, in the order given; adjacent indexes are read in one call. */
  readEach(indexes: ArrayLike<number>): BigUint64Array<ArrayBuffer> {
    const entries = new BigUint64Array(indexes.length);
    let start = 0;
    while (start < indexes.length) {
      const first = indexes[start] ?? 0;
      let end = start + 1;
      while (end < indexes.length && indexes[end] === first + (end - start)) end++;
      this.#readAll(entries.subarray(start, end), first);
      start = end;
    }
    return entries;
  }

  #readAll(into: BigUint64Array<ArrayBuffer>, first: number): void {
    const got = this.readInto(into, first);
    if (got < into.length) {
      throw malformed(this.file, undefined, `${into.length} entries from ${first} on`, `${got} entries`);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Opens the file for as long as `use` runs. */
export function withEntryFile<T>(file: string, root: string, use: (entries: EntryFile) => T): T {
  const entries = new EntryFile(file, root);
  try {
    return use(entries);
  } finally {
    entries.close();
  }
}
