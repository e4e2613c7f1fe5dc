/**
 * Memory that this process takes and gives back page by page, to decide which free pages the allocator has
 * when the workload asks for some.  Owns the mapping; what to free is plan.ts's decision.
 */
import { errnoName } from '../base/errno.js';
import { kpfMask, scanKpageflags } from '../kernel/kpageflags.js';
import { readPagemap } from '../kernel/pagemap.js';
import { readZoneinfo, type Zone } from '../kernel/zoneinfo.js';
import * as memory from '../syscall/memory.js';
import { type PlacementNeed, type PlacementPlan, planPlacement } from './plan.js';

const HUGE_PAGE_BYTES = 2 << 20;

export interface ZoneRange {
  readonly node: number;
  readonly name: string;
  /** pfns [start, end). */
  readonly start: number;
  readonly end: number;
}

function rangeOf(zone: Zone): ZoneRange {
  const start = zone.startPfn ?? 0;
  return { node: zone.node, name: zone.name, start, end: start + zone.spanned };
}

export class Ballast {
  private readonly mapped: { readonly address: bigint; readonly bytes: number };
  private readonly address: bigint;
  private readonly bytes: number;
  private isLocked = false;

  /**
   * Takes `nrPages` base pages, each of its own, and touches them.
   * @param from `huge-pages`: base pages that fill whole pageblocks, as far as there are transparent huge pages to split
   * @throws {Error} with the errno in its message when there is not so much address space
   */
  constructor(
    readonly nrPages: number,
    from: 'base-pages' | 'huge-pages' = 'base-pages',
  ) {
    this.bytes = nrPages * memory.PAGE_SIZE;
    const bytes = this.bytes + HUGE_PAGE_BYTES;
    const address = memory.mmap(
      bytes,
      memory.PROT_READ | memory.PROT_WRITE,
      memory.MAP_PRIVATE | memory.MAP_ANONYMOUS,
      -1,
      0,
    );
    if (typeof address === 'number') throw new Error(`mmap of ${bytes} bytes: ${errnoName(-address)}`);
    this.mapped = { address, bytes };
    const misaligned = address % BigInt(HUGE_PAGE_BYTES);
    this.address = misaligned === 0n ? address : address + BigInt(HUGE_PAGE_BYTES) - misaligned;
    // Refused only where the kernel has no transparent huge pages, and then nothing is lost.
    const advice = from === 'huge-pages' ? memory.MADV_HUGEPAGE : memory.MADV_NOHUGEPAGE;
    memory.madvise(this.address, this.bytes, advice);
    try {
      this.take();
    } catch (error) {
      this.release();
      throw error;
    }
    if (from === 'huge-pages') this.split();
  }

  /**
   * Advice about a part of a huge page splits it (madvise_cold_or_pageout_pte_range() in mm/madvise.c); base pages of
   * zeros would be given up then (try_to_map_unused_to_zeropage() in mm/migrate.c).
   */
  private split(): void {
    memory.fill(this.address, 1, this.bytes);
    for (let offset = 0; offset + HUGE_PAGE_BYTES <= this.bytes; offset += HUGE_PAGE_BYTES)
      memory.madvise(this.address + BigInt(offset), memory.PAGE_SIZE, memory.MADV_COLD);
    memory.madvise(this.address, this.bytes, memory.MADV_NOHUGEPAGE);
  }

  /** Gives everything back. */
  release(): void {
    memory.munmap(this.mapped.address, this.mapped.bytes);
  }

  /** Takes every page again that was given back. */
  take(): void {
    const populated = memory.madvise(this.address, this.bytes, memory.MADV_POPULATE_WRITE);
    if (populated < 0)
      throw new Error(`MADV_POPULATE_WRITE of ${this.bytes} bytes: ${errnoName(-populated)}`);
  }

  /**
   * Locked pages are unevictable, and compaction leaves those where vm.compact_unevictable_allowed is 0
   * (isolate_migratepages_block() in mm/compaction.c).
   */
  lock(): void {
    const result = memory.mlock(this.address, this.bytes);
    if (result < 0) throw new Error(`mlock of ${this.bytes} bytes: ${errnoName(-result)}`);
    this.isLocked = true;
  }

  /** The zone in which most of the ballast lies, and a plan for the pages in it. */
  plan(need: PlacementNeed): { zone: ZoneRange; plan: PlacementPlan | undefined } {
    const { pfns } = readPagemap('self', this.address, this.nrPages);
    const zone = mostlyIn(pfns);
    for (let index = 0; index < pfns.length; index++) {
      const pfn = pfns[index] ?? -1;
      if (pfn < zone.start || pfn >= zone.end) pfns[index] = -1;
    }
    return { zone, plan: planPlacement(pfns, need, (pfn) => movablePages(zone.start, pfn)) };
  }

  /** Gives these pages back to the kernel. */
  free(indexes: Uint32Array): void {
    const sorted = indexes.slice().sort();
    let start = 0;
    for (let end = 1; end <= sorted.length; end++) {
      const first = sorted[start] ?? 0;
      if (end < sorted.length && sorted[end] === first + (end - start)) continue;
      const offset = BigInt(first) * BigInt(memory.PAGE_SIZE);
      const advice = this.isLocked ? memory.MADV_DONTNEED_LOCKED : memory.MADV_DONTNEED;
      memory.madvise(this.address + offset, (end - start) * memory.PAGE_SIZE, advice);
      start = end;
    }
  }
}

/** In [start, end): those on an LRU list, tails of large folios included. */
function movablePages(start: number, end: number): number {
  const { low: mask } = kpfMask('LRU', 'THP');
  let count = 0;
  scanKpageflags(start, end - start, (_, low) => {
    if ((low & mask) !== 0) count += 1;
  });
  return count;
}

function mostlyIn(pfns: Float64Array): ZoneRange {
  const ranges = readZoneinfo()
    .filter((zone) => zone.startPfn !== undefined)
    .map(rangeOf);
  const counts = ranges.map(() => 0);
  // Runs of pages lie in one zone: that of the page before is asked first.
  let zone = 0;
  for (let page = 0; page < pfns.length; page++) {
    const pfn = pfns[page] ?? -1;
    const last = ranges[zone];
    if (last === undefined || pfn < last.start || pfn >= last.end)
      zone = ranges.findIndex(({ start, end }) => pfn >= start && pfn < end);
    if (zone >= 0) counts[zone] = (counts[zone] ?? 0) + 1;
  }
  const best = ranges[counts.indexOf(Math.max(...counts))];
  if (best === undefined) throw new Error('/proc/zoneinfo: no zone has pages');
  return best;
}
