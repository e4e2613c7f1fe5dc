/**
 * Makes huge pages scarce for a trigger that asks for some: whatever can be had is taken into the pool of huge pages
 * first, which neither touches nor clears them; so that what the trigger gets can only come out of the pageblocks in
 * which the sets will lie.  All through the ledger: whoever cleans up after a run gives them back.
 * Authority: set_max_huge_pages() in mm/hugetlb.c, isolate_migratepages_block() in mm/compaction.c.
 */
import { StuckfsError } from '../base/errors.js';
import { readBuddyinfo } from '../kernel/buddyinfo.js';
import { hugePagesPath } from '../kernel/huge-pages.js';
import { readKernelFile } from '../kernel/kernel-file.js';
import { sysctlPath } from '../kernel/sysctl.js';
import { readZoneinfo } from '../kernel/zoneinfo.js';
import { normaliseValue } from '../safety/kernel-value.js';
import type { Ledger } from '../safety/ledger.js';

/** They cannot be had, or not be given back. */
export class ScarcityError extends StuckfsError {
  override readonly code = 'SCARCITY';
}

const HUGE_PAGE_ORDER = 9;
/** With compaction for each: in small steps, so that free memory can be watched. */
const STEP = 16;
/** Stops taking while the machine has still so much besides: 192 MiB. */
const LEAST_FREE_PAGES = 49_152;
/**
 * Nothing gained for so long means that there is nothing left.  Less says nothing: compaction that has failed is
 * deferred for up to 64 allocations, and pageblocks in which it found nothing are passed by until kswapd has slept.
 */
const EXHAUSTED_MS = 1000;
const TIMES_TO_GIVE_BACK = 3;

export interface Taken {
  readonly hugePages: number;
  /** Nothing more was to be had; false where free memory ran short before. */
  readonly exhausted: boolean;
}

export class Scarcity {
  /** How many were free before the first was taken. */
  private usedBefore = 0;
  /** Values by path, in the order of the change. */
  private readonly before = new Map<string, string>();

  constructor(private readonly ledger: Ledger) {}

  /** All that can be had. Locked memory, that of the ballast, is left where it is by compaction. */
  take(): Taken {
    this.set(sysctlPath('vm.compact_unevictable_allowed'), '0');
    const currentPool = Number(this.remember(hugePagesPath));
    let pool = currentPool;
    this.usedBefore = freeHugePages();
    let gainedMs = performance.now();
    while (performance.now() - gainedMs < EXHAUSTED_MS) {
      const now = Number(this.ledger.setFile(hugePagesPath, `${pool + Math.max(STEP, freeHugePages())}`));
      if (now > pool) gainedMs = performance.now();
      pool = now;
      if (freePages() < LEAST_FREE_PAGES) return { hugePages: pool - currentPool, exhausted: false };
    }
    return { hugePages: pool - currentPool, exhausted: true };
  }

  /** What lies about ready, without compaction. */
  takeReady(): number {
    const ready = freeHugePages();
    const pool = Number(readKernelFile(hugePagesPath));
    return ready === 0 ? 0 : Number(this.ledger.setFile(hugePagesPath, `${pool + ready}`)) - pool;
  }

  /** @throws {ScarcityError} when some are left after several attempts */
  giveBack(): void {
    const pool = Number(this.before.get(hugePagesPath) ?? 0);
    // What was taken first is given back last, and so is what the allocator gives first: what the machine has not used
    // before (deferred_grow_zone()) may cost much when it is touched for the first time.
    const first = pool + this.usedBefore;
    if (this.before.has(hugePagesPath) && Number(readKernelFile(hugePagesPath)) > first)
      this.ledger.setFile(hugePagesPath, `${first}`);
    for (const [path, value] of [...this.before].reverse()) {
      let now = '';
      for (let time = 0; time < TIMES_TO_GIVE_BACK && now !== value; time++)
        now = this.ledger.setFile(path, value);
      if (now !== value)
        throw new ScarcityError(`${path} is ${now}, and cannot be set to ${value} again, as it was`);
      this.before.delete(path);
    }
  }

  private set(path: string, value: string): void {
    this.remember(path);
    this.ledger.setFile(path, value);
  }

  /** What it is now, and will be again. */
  private remember(path: string): string {
    const value = this.before.get(path) ?? normaliseValue(readKernelFile(path));
    this.before.set(path, value);
    return value;
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

function freePages(): number {
  return Math.max(...readZoneinfo().map(({ free }) => free));
}
