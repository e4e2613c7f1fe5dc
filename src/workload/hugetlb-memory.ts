/**
 * Hugetlb pages with the pattern: as many as are wanted, the lowest in physical memory of a larger number that is
 * touched first, so that a scanner from below comes by them.
 */
import { CHUNK_BYTES } from './pattern.js';
import { PatternedMemory } from './patterned-memory.js';

export const HUGE_PAGE_BYTES = 2 << 20;

export class HugetlbMemory {
  readonly address: bigint;
  private readonly pages: readonly PatternedMemory[];

  /** @param candidates how many pages are touched; those that are not kept go back to the pool */
  constructor(
    readonly bytes: number,
    seed: number,
    candidates: number,
  ) {
    const all = Array.from(
      { length: candidates },
      (_, index) => new PatternedMemory(HUGE_PAGE_BYTES, seed + index, 'hugetlb'),
    );
    for (const page of all) page.touch();
    const byPfn = all.toSorted((a, b) => (a.locate()[0] ?? 0) - (b.locate()[0] ?? 0));
    this.pages = byPfn.slice(0, bytes / HUGE_PAGE_BYTES);
    for (const page of byPfn.slice(this.pages.length)) page.unmap();
    for (const page of this.pages) fill(page);
    this.address = this.pages[0]?.address ?? 0n;
  }

  locate(): Float64Array {
    return Float64Array.from(this.pages.flatMap((page) => [...page.locate()]));
  }

  /** Of the byte at this offset. */
  addressAt(offsetBytes: number): bigint {
    const page = this.pages[Math.floor(offsetBytes / HUGE_PAGE_BYTES)];
    if (page === undefined) throw new Error(`${offsetBytes} is beyond the set`);
    return page.address + BigInt(offsetBytes % HUGE_PAGE_BYTES);
  }

  /** Offset of the first wrong byte, or -1. */
  firstMismatch(): number {
    for (const [index, page] of this.pages.entries()) {
      const mismatch = page.firstMismatch();
      if (mismatch >= 0) return index * HUGE_PAGE_BYTES + mismatch;
    }
    return -1;
  }

  unmap(): void {
    for (const page of this.pages) page.unmap();
  }
}

function fill(page: PatternedMemory): void {
  for (let offset = 0; offset < page.bytes; offset += CHUNK_BYTES) page.dirty(offset);
}
