/**
 * Makes huge pages scarce for a trigger that asks for some: whatever can be had is taken into the pool of huge pages
 * first, which neither touches nor clears them; so that what the trigger gets can only come out of the pageblocks in
 * which the sets will lie.  All through the ledger: whoever cleans up after a run gives them back.
 * Authority: set_max_huge_pages() in mm/hugetlb.c, isolate_migratepages_block() in mm/compaction.c.
 */
import { StuckfsError } from '../base/errors.js';
import { PAGE_BYTES } from '../base/page-size.js';
import { readBuddyinfo } from '../kernel/buddyinfo.js';
import { hugePagesPath, nodePoolPaths } from '../kernel/huge-pages.js';
import { readKernelFile } from '../kernel/kernel-file.js';
import { sysctlPath } from '../kernel/sysctl.js';
import { readZoneinfo } from '../kernel/zoneinfo.js';
import { normaliseValue } from '../safety/kernel-value.js';
import type { Ledger } from '../safety/ledger.js';
import { availableBytes, leastFreePages } from './memory-need.js';

/** They cannot be had, or not be given back. */
export class ScarcityError extends StuckfsError {
  override readonly code = 'SCARCITY';
}

const HUGE_PAGE_ORDER = 9;
/** With compaction for each: in small steps, so that free memory can be watched. */
const STEP = 16;
/** Also of what lies about ready: the write that takes it is not over before all of it is had. 256 MiB. */
const MOST_IN_A_STEP = 128;
const HUGE_PAGE_PAGES = 1 << HUGE_PAGE_ORDER;
/**
 * Nothing gained for so long means that there is nothing left.  Less says nothing: compaction that has failed is
 * deferred for up to 64 allocations, and pageblocks in which it found nothing are passed by until kswapd has slept.
 */
const EXHAUSTED_MS = 1000;
/** The run waits for it and hears no signal meanwhile: looked at between the steps. */
const MOST_MS = 120_000;
const TIMES_TO_GIVE_BACK = 3;

export interface Taken {
  readonly hugePages: number;
  /** Nothing more was to be had; false where free memory, or time, ran short before. */
  readonly exhausted: boolean;
}

export class Scarcity {
  /** How many were free before the first was taken. */
  private usedBefore = 0;
  /** How many there were in the pool. */
  private poolBefore = 0;
  /** Files that are not as before. */
  private readonly changed = new Set<string>();

  constructor(private readonly ledger: Ledger) {}

  /** First of all: locked memory, that of the ballast, is left where it is by compaction. */
  begin(): void {
    this.set(sysctlPath('vm.compact_unevictable_allowed'), '0');
    this.poolBefore = Number(readKernelFile(hugePagesPath));
    this.usedBefore = freeHugePages();
  }

  /** All that can be had. @returns with what was had since it began */
  take(): Taken {
    const before = this.poolBefore;
    let pool = Number(readKernelFile(hugePagesPath));
    const untilMs = performance.now() + MOST_MS;
    let gainedMs = performance.now();
    while (performance.now() - gainedMs < EXHAUSTED_MS) {
      const step = nextStep(freeHugePages(), roomPages());
      if (step === 0 || performance.now() >= untilMs) return { hugePages: pool - before, exhausted: false };
      const now = this.setPool(pool + step);
      if (now > pool) gainedMs = performance.now();
      pool = now;
    }
    return { hugePages: pool - before, exhausted: true };
  }

  /** What lies about ready, without compaction. */
  takeReady(): number {
    const before = Number(readKernelFile(hugePagesPath));
    let pool = before;
    for (;;) {
      const ready = freeHugePages();
      const step = Math.min(ready, nextStep(ready, roomPages()));
      if (step === 0) return pool - before;
      const now = this.setPool(pool + step);
      if (now <= pool) return pool - before;
      pool = now;
    }
  }

  /**
   * Once the trigger has ended: one that hangs may have us wait for the pool.
   * @throws {ScarcityError} when some are left after several attempts
   */
  giveBack(): void {
    if (this.changed.size === 0) return;
    // What was taken first is given back last, and so is what the allocator gives first: what the machine has not used
    // before (deferred_grow_zone()) may cost much when it is touched for the first time.
    const first = this.poolBefore + this.usedBefore;
    if (this.isPoolOurs() && Number(readKernelFile(hugePagesPath)) > first) this.setPool(first);
    for (let time = 1; ; time++) {
      // Node by node first: then the sum is as before, too.
      this.ledger.restoreFiles(nodePoolPaths(hugePagesPath));
      const failed = this.ledger.restoreFiles(this.changed).filter(({ ok }) => !ok);
      if (failed.length === 0) break;
      if (time < TIMES_TO_GIVE_BACK) continue;
      throw new ScarcityError(failed.map(({ what, detail }) => `${what}: ${detail}`).join('; '));
    }
    this.changed.clear();
  }

  /** The files that are not as before, which the caller puts back from now on. */
  handOver(): readonly string[] {
    const files = [...this.changed];
    this.changed.clear();
    return files;
  }

  /** Nobody else counts on it, and no node has some of before that another might lose in its place. */
  private isPoolOurs(): boolean {
    return (
      !this.ledger.isWantedByOthers(hugePagesPath) &&
      (this.poolBefore === 0 || nodePoolPaths(hugePagesPath).length === 0)
    );
  }

  /** @returns how many there are then */
  private setPool(hugePages: number): number {
    for (const path of nodePoolPaths(hugePagesPath)) {
      if (this.changed.has(path)) continue;
      this.changed.add(path);
      this.ledger.expectFile(path, normaliseValue(readKernelFile(path)));
    }
    return Number(this.set(hugePagesPath, `${hugePages}`));
  }

  private set(path: string, value: string): string {
    this.changed.add(path);
    return this.ledger.setFile(path, value);
  }
}

/** ZONE_DMA is kept from allocations that others can serve (lowmem_reserve_ratio). */
function freeHugePages(): number {
  return readBuddyinfo()
    .filter(({ zone }) => zone !== 'DMA')
    .flatMap(({ free }) =>
      free.map((count, order) => (order < HUGE_PAGE_ORDER ? 0 : count << (order - HUGE_PAGE_ORDER))),
    )
    .reduce((sum, count) => sum + count, 0);
}

/** What may still be taken: of the zone with the most free pages, and of what the machine has available. */
function roomPages(): number {
  const free = Math.max(...readZoneinfo().map((zone) => zone.free));
  return Math.min(free, Math.floor(availableBytes() / PAGE_BYTES)) - leastFreePages();
}

/**
 * How many huge pages to ask for next; 0 where that would take of what the machine keeps.
 * @param readyHugePages how many lie about
 */
export function nextStep(readyHugePages: number, roomPages: number): number {
  const most = Math.min(MOST_IN_A_STEP, Math.floor(roomPages / HUGE_PAGE_PAGES));
  return Math.max(0, Math.min(Math.max(STEP, readyHugePages), most));
}
