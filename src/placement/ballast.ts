/**
 * Memory that this process takes and gives back page by page, to decide which free pages the allocator has
 * when the workload asks for some.  Owns the mapping; what to free is plan.ts's decision.
 */
import { errnoName } from '../base/errno.js';
import { readPagemap } from '../kernel/pagemap.js';
import { readZoneinfo, type Zone } from '../kernel/zoneinfo.js';
import * as memory from '../syscall/memory.js';
import { type PlacementNeed, type PlacementPlan, planPlacement } from './plan.js';

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
  private readonly address: bigint;
  private readonly bytes: number;

  /**
   * Takes `nrPages` base pages, each of its own (no huge pages), and touches them.
   * @throws {Error} with the errno in its message when there is not so much address space
   */
  constructor(readonly nrPages: number) {
    this.bytes = nrPages * memory.PAGE_SIZE;
    const address = memory.mmap(
      this.bytes,
      memory.PROT_READ | memory.PROT_WRITE,
      memory.MAP_PRIVATE | memory.MAP_ANONYMOUS,
      -1,
      0,
    );
    if (typeof address === 'number') throw new Error(`mmap of ${this.bytes} bytes: ${errnoName(-address)}`);
    this.address = address;
    // Refused only where the kernel has no transparent huge pages, and then nothing is lost.
    memory.madvise(address, this.bytes, memory.MADV_NOHUGEPAGE);
    this.take();
  }

  /** Takes every page again that was given back. */
  take(): void {
    const populated = memory.madvise(this.address, this.bytes, memory.MADV_POPULATE_WRITE);
    if (populated < 0)
      throw new Error(`MADV_POPULATE_WRITE of ${this.bytes} bytes: ${errnoName(-populated)}`);
  }

  /** The zone in which most of the ballast lies, and a plan for the pages in it. */
  plan(need: PlacementNeed): { zone: ZoneRange; plan: PlacementPlan | undefined } {
    const { pfns } = readPagemap('self', this.address, this.nrPages);
    const zone = mostlyIn(pfns);
    for (let index = 0; index < pfns.length; index++) {
      const pfn = pfns[index] ?? -1;
      if (pfn < zone.start || pfn >= zone.end) pfns[index] = -1;
    }
    return { zone, plan: planPlacement(pfns, need) };
  }

  /** Gives these pages back to the kernel. */
  free(indexes: Uint32Array): void {
    const sorted = indexes.slice().sort();
    let start = 0;
    for (let end = 1; end <= sorted.length; end++) {
      const first = sorted[start] ?? 0;
      if (end < sorted.length && sorted[end] === first + (end - start)) continue;
      const offset = BigInt(first) * BigInt(memory.PAGE_SIZE);
      memory.madvise(this.address + offset, (end - start) * memory.PAGE_SIZE, memory.MADV_DONTNEED);
      start = end;
    }
  }
}

function mostlyIn(pfns: Float64Array): ZoneRange {
  const ranges = readZoneinfo()
    .filter((zone) => zone.startPfn !== undefined)
    .map(rangeOf);
  const counts = ranges.map(() => 0);
  for (const pfn of pfns) {
    const index = ranges.findIndex((range) => pfn >= range.start && pfn < range.end);
    if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
  }
  const best = ranges[counts.indexOf(Math.max(...counts))];
  if (best === undefined) throw new Error('/proc/zoneinfo: no zone has pages');
  return best;
}
