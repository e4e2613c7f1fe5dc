/**
 * One file on the mount, written with the pattern, kept open and mapped until the end: closing or unmapping a
 * file whose writeback is held waits for the release (fuse_flush(), fuse_vma_close() in fs/fuse/file.c).
 */
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { errnoName } from '../base/errno.js';
import { readPagemap } from '../kernel/pagemap.js';
import { POSIX_FADV_DONTNEED, posixFadvise, SYNC_FILE_RANGE_WRITE, syncFileRange } from '../syscall/file.js';
import * as memory from '../syscall/memory.js';
import { fillPattern, firstMismatch } from './pattern.js';

/** As much as one WRITE of FUSE carries (FUSE_MAX_MAX_PAGES pages). */
export const CHUNK_BYTES = 1 << 20;

export class PatternedFile {
  private readonly fd: number;
  private readonly chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  private address: bigint | undefined;

  constructor(
    readonly path: string,
    readonly bytes: number,
    private readonly seed: number,
  ) {
    this.fd = openSync(path, 'wx+', 0o600);
    ftruncateSync(this.fd, bytes);
  }

  /** The inode number, by which the trace knows the file. */
  ino(): number {
    return fstatSync(this.fd).ino;
  }

  /**
   * Writes other bytes everywhere, waits until the server has them, and drops the folios: from then on the server
   * has its memory, and takes none when the real bytes come.
   */
  prime(): void {
    for (let offset = 0; offset < this.bytes; offset += CHUNK_BYTES) this.write(offset, ~this.seed >>> 0);
    this.sync();
    this.dropCache();
  }

  /** write(2) of the chunk at `offsetBytes`, into the page cache. */
  dirty(offsetBytes: number): void {
    this.write(offsetBytes, this.seed);
  }

  private write(offsetBytes: number, seed: number): void {
    const chunk = this.chunk.subarray(0, Math.min(CHUNK_BYTES, this.bytes - offsetBytes));
    fillPattern(chunk, seed, offsetBytes);
    writeSync(this.fd, chunk, 0, chunk.length, offsetBytes);
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
    this.address ??= this.map();
    // Maps the folios in; they are in the page cache already, so no request goes out.
    const populated = memory.madvise(this.address, this.bytes, memory.MADV_POPULATE_READ);
    if (populated < 0) throw new Error(`MADV_POPULATE_READ of ${this.path}: ${errnoName(-populated)}`);
    return this.relocate();
  }

  /** As locate(), but touches nothing: safe while the folios may be in the middle of a migration. */
  relocate(): Float64Array {
    if (this.address === undefined) throw new Error(`${this.path} is not mapped: locate() comes first`);
    return readPagemap('self', this.address, Math.ceil(this.bytes / memory.PAGE_SIZE)).pfns;
  }

  private map(): bigint {
    const address = memory.mmap(this.bytes, memory.PROT_READ, memory.MAP_SHARED, this.fd, 0);
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

  /** Unmaps, drops the clean folios from the page cache so that the next read asks the server, keeps the file open. */
  dropCache(): void {
    this.unmap();
    posixFadvise(this.fd, 0, 0, POSIX_FADV_DONTNEED);
  }

  close(): void {
    this.unmap();
    closeSync(this.fd);
  }
}
