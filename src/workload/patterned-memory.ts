/**
 * Anonymous memory with the pattern, in base pages or in hugetlb pages.  Read back through /proc/self/mem: a mapping is
 * never seen as an ArrayBuffer here.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { errnoName } from '../base/errno.js';
import { readPagemap } from '../kernel/pagemap.js';
import * as memory from '../syscall/memory.js';
import { CHUNK_BYTES, fillPattern, firstMismatch } from './pattern.js';

export class PatternedMemory {
  readonly address: bigint;
  private ownChunk: Buffer | undefined;

  /** Nothing is allocated yet, but hugetlb pages are reserved: -ENOMEM where there are not so many. */
  constructor(
    readonly bytes: number,
    readonly seed: number,
    pages: 'base' | 'hugetlb',
  ) {
    const huge = pages === 'hugetlb' ? memory.MAP_HUGETLB : 0;
    const flags = memory.MAP_PRIVATE | memory.MAP_ANONYMOUS | huge;
    const address = memory.mmap(bytes, memory.PROT_READ | memory.PROT_WRITE, flags, -1, 0);
    if (typeof address === 'number')
      throw new Error(`mmap of ${bytes} bytes in ${pages} pages: ${errnoName(-address)}`);
    this.address = address;
    // Refused only where the kernel has no transparent huge pages, and then nothing is lost.
    if (pages === 'base') memory.madvise(address, bytes, memory.MADV_NOHUGEPAGE);
  }

  /** Allocates the first page, and no more. */
  touch(): void {
    memory.copyTo(this.address, Buffer.alloc(1));
  }

  /** Stores the chunk at `offsetBytes`, which allocates its pages. */
  dirty(offsetBytes: number): void {
    const chunk = this.chunk.subarray(0, this.lengthAt(offsetBytes));
    fillPattern(chunk, this.seed, offsetBytes);
    memory.copyTo(this.address + BigInt(offsetBytes), chunk);
  }

  /** pfn of each base page, by page index; -1 where it is not mapped in now. */
  locate(): Float64Array {
    return readPagemap('self', this.address, Math.ceil(this.bytes / memory.PAGE_SIZE)).pfns;
  }

  /** Offset of the first wrong byte, or -1. */
  firstMismatch(): number {
    const fd = openSync('/proc/self/mem', 'r');
    try {
      for (let offset = 0; offset < this.bytes; offset += CHUNK_BYTES) {
        const chunk = this.chunk.subarray(0, this.lengthAt(offset));
        const got = readSync(fd, chunk, 0, chunk.length, this.address + BigInt(offset));
        if (got !== chunk.length) return offset + got;
        const mismatch = firstMismatch(chunk, this.seed, offset);
        if (mismatch >= 0) return mismatch;
      }
      return -1;
    } finally {
      closeSync(fd);
    }
  }

  unmap(): void {
    memory.munmap(this.address, this.bytes);
  }

  private get chunk(): Buffer {
    this.ownChunk ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
    return this.ownChunk;
  }

  private lengthAt(offsetBytes: number): number {
    return Math.min(CHUNK_BYTES, this.bytes - offsetBytes);
  }
}
