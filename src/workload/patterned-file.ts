/**
 * One file on the mount, written with the pattern, kept open and mapped until the end: closing or unmapping a
 * file whose writeback is held waits for the release (fuse_flush(), fuse_vma_close() in fs/fuse/file.c).
 */
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { errnoName } from '../base/errno.js';
import { readPagemap } from '../kernel/pagemap.js';
import {
  POSIX_FADV_DONTNEED,
  POSIX_FADV_WILLNEED,
  posixFadvise,
  SYNC_FILE_RANGE_WRITE,
  syncFileRange,
} from '../syscall/file.js';
import * as memory from '../syscall/memory.js';
import { CHUNK_BYTES, fillPattern, firstMismatch } from './pattern.js';

const MOST_LOOKS = 5;

export class PatternedFile {
  readonly fd: number;
  /** How much dirty(), dirtyMapped(), readAhead() and read() take at an offset. */
  chunkBytes = CHUNK_BYTES;
  private readonly chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  private address: bigint | undefined;

  constructor(
    readonly path: string,
    public bytes: number,
    readonly seed: number,
  ) {
    this.fd = openSync(path, 'wx+', 0o600);
    ftruncateSync(this.fd, bytes);
  }

  /** The inode number, by which the trace knows the file. */
  ino(): number {
    return fstatSync(this.fd).ino;
  }

  /**
   * Writes everywhere, waits until the server has it, and drops the folios: from then on the server has its memory,
   * and takes none when the real bytes come.
   * @param bytes `other` than those that are checked in the end, or the `real` ones for a file that is only read
   */
  prime(bytes: 'other' | 'real'): void {
    const seed = bytes === 'real' ? this.seed : ~this.seed >>> 0;
    for (let offset = 0; offset < this.bytes; offset += CHUNK_BYTES) this.write(offset, seed, CHUNK_BYTES);
    this.sync();
    this.dropCache();
  }

  /** write(2) of the chunk at `offsetBytes`, or of its first bytes, into the page cache. */
  dirty(offsetBytes: number, lengthBytes = this.chunkBytes): void {
    this.write(offsetBytes, this.seed, lengthBytes);
  }

  /** The same by stores through a shared mapping. */
  dirtyMapped(offsetBytes: number): void {
    this.address ??= this.map();
    const chunk = this.patterned(offsetBytes, this.seed, this.chunkBytes);
    memory.copyTo(this.address + BigInt(offsetBytes), chunk);
  }

  private write(offsetBytes: number, seed: number, bytes: number): void {
    const chunk = this.patterned(offsetBytes, seed, bytes);
    writeSync(this.fd, chunk, 0, chunk.length, offsetBytes);
  }

  private patterned(offsetBytes: number, seed: number, bytes: number): Buffer {
    const chunk = this.chunk.subarray(0, this.lengthAt(offsetBytes, bytes));
    fillPattern(chunk, seed, offsetBytes);
    return chunk;
  }

  private lengthAt(offsetBytes: number, bytes = this.chunkBytes): number {
    return Math.min(bytes, this.bytes - offsetBytes);
  }

  /** Asks for the chunk ahead of its use, and does not wait for it. */
  readAhead(offsetBytes: number): void {
    const result = posixFadvise(this.fd, offsetBytes, this.lengthAt(offsetBytes), POSIX_FADV_WILLNEED);
    if (result < 0) throw new Error(`POSIX_FADV_WILLNEED of ${this.path}: ${errnoName(-result)}`);
  }

  /** read(2) of the chunk at `offsetBytes`. */
  read(offsetBytes: number): void {
    readSync(this.fd, this.chunk, 0, this.lengthAt(offsetBytes), offsetBytes);
  }

  /** Starts writeback of all that is dirty and waits for nothing. Answers 0 or -errno. */
  startWriteback(): number {
    return syncFileRange(this.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
  }

  /** Writes everything back and waits: hangs for as long as the server withholds its acks. */
  sync(): void {
    fdatasyncSync(this.fd);
  }

  /** pfn of each page, by page index; -1 where it is not mapped in now (a folio in the middle of a move). */
  locate(): Float64Array {
    for (let look = 1; ; look++) {
      this.populate(this.bytes);
      const pfns = this.relocate();
      // One that kcompactd moves at this moment is absent from the pagemap; to map it in waits for the end of that.
      if (look === MOST_LOOKS || pfns.every((pfn) => pfn >= 0)) return pfns;
    }
  }

  /** Maps the first `bytes` of the file in, which are in the page cache already: no request goes out. */
  populate(bytes: number): bigint {
    this.address ??= this.map();
    const populated = memory.madvise(this.address, bytes, memory.MADV_POPULATE_READ);
    if (populated < 0) throw new Error(`MADV_POPULATE_READ of ${this.path}: ${errnoName(-populated)}`);
    return this.address;
  }

  /** Keeps what is mapped from being reclaimed, until it is unmapped. All of it is in the page cache: no request goes out. */
  lock(): void {
    if (this.address === undefined) throw new Error(`${this.path} is not mapped: locate() comes first`);
    const locked = memory.mlock(this.address, this.bytes);
    if (locked < 0) throw new Error(`mlock of ${this.path}: ${errnoName(-locked)}`);
  }

  /** As locate(), but touches nothing: safe while the folios may be in the middle of a migration. */
  relocate(): Float64Array {
    if (this.address === undefined) throw new Error(`${this.path} is not mapped: locate() comes first`);
    return readPagemap('self', this.address, Math.ceil(this.bytes / memory.PAGE_SIZE)).pfns;
  }

  /** Its address in decimal, and what is mapped there; null where it is not mapped. */
  mapping(): { address: string; bytes: number; fd: number } | null {
    return this.address === undefined ? null : { address: `${this.address}`, bytes: this.bytes, fd: this.fd };
  }

  private map(): bigint {
    const prot = memory.PROT_READ | memory.PROT_WRITE;
    const address = memory.mmap(this.bytes, prot, memory.MAP_SHARED, this.fd, 0);
    if (typeof address === 'number') throw new Error(`mmap of ${this.path}: ${errnoName(-address)}`);
    return address;
  }

  private unmap(): void {
    if (this.address !== undefined) memory.munmap(this.address, this.bytes);
    this.address = undefined;
  }

  /** Offset of the first wrong byte as read(2) gives it, or -1. */
  firstMismatch(): number {
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (let offset = 0; offset < this.bytes; offset += CHUNK_BYTES) {
      const wanted = Math.min(CHUNK_BYTES, this.bytes - offset);
      const got = readSync(this.fd, chunk, 0, wanted, offset);
      if (got !== wanted) return offset + got;
      const mismatch = firstMismatch(chunk.subarray(0, wanted), this.seed, offset);
      if (mismatch >= 0) return mismatch;
    }
    return -1;
  }

  /**
   * Pages that are mapped and have the bytes that were written.  Through /proc/self/mem, where a page that cannot be
   * had is an error and no SIGBUS.
   */
  keptPages(): number {
    const { address } = this;
    if (address === undefined) return 0;
    const mem = openSync('/proc/self/mem', 'r');
    const page = Buffer.allocUnsafeSlow(memory.PAGE_SIZE);
    let kept = 0;
    try {
      for (const [index, pfn] of this.relocate().entries()) {
        const offset = index * memory.PAGE_SIZE;
        if (pfn < 0) continue;
        readSync(mem, page, 0, page.length, Number(address) + offset);
        if (firstMismatch(page, this.seed, offset) < 0) kept += 1;
      }
    } finally {
      closeSync(mem);
    }
    return kept;
  }

  /** Unmaps, drops the clean folios from the page cache so that the next read asks the server, keeps the file open. */
  dropCache(): void {
    this.unmap();
    posixFadvise(this.fd, 0, 0, POSIX_FADV_DONTNEED);
  }

  /** Ends the file there: what lies behind is forgotten, and not checked any more. */
  cut(bytes: number): void {
    this.unmap();
    ftruncateSync(this.fd, bytes);
    this.bytes = bytes;
  }

  close(): void {
    this.unmap();
    closeSync(this.fd);
  }
}
