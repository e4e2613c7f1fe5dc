/**
 * Anonymous memory in regions of the size of a huge page, for triggers that want a huge page for each.  It stays mapped
 * until the process ends, so that what was given can be looked at.
 * Authority: mm/huge_memory.c, mm/khugepaged.c.
 */
import { existsSync, readFileSync } from 'node:fs';
import { errnoName } from '../base/errno.js';
import { areAllHuge } from '../kernel/huge-pages.js';
import * as memory from '../syscall/memory.js';
import { tryInBursts } from './bursts.js';
import type { TriggerTarget } from './trigger.js';

const HUGE_PAGE_BYTES = 2 << 20;
const enabledPath = '/sys/kernel/mm/transparent_hugepage/enabled';

const FAILURES_IN_BURST = 48;

/** Addresses of so many regions. @throws {Error} with the errno's name where there is not so much address space */
function mapRegions(count: number): bigint[] {
  const size = BigInt(HUGE_PAGE_BYTES);
  const protection = memory.PROT_READ | memory.PROT_WRITE;
  const flags = memory.MAP_PRIVATE | memory.MAP_ANONYMOUS;
  const address = memory.mmap((count + 1) * HUGE_PAGE_BYTES, protection, flags, -1, 0);
  if (typeof address === 'number') throw new Error(`mmap of ${count} huge pages: ${errnoName(-address)}`);
  const first = ((address + size - 1n) / size) * size;
  return Array.from({ length: count }, (_, index) => first + BigInt(index) * size);
}

/**
 * Where base pages were given instead there is a table of them now, and where there is one no fault gives a huge page;
 * MADV_DONTNEED leaves it where it is before 6.14.
 * Authority: __handle_mm_fault() in mm/memory.c.
 * @throws {Error} with the errno's name where it is not mapped again
 */
export function mapRegionAgain(address: bigint): void {
  const mapped = memory.mmapOver(address, HUGE_PAGE_BYTES, memory.PROT_READ | memory.PROT_WRITE);
  if (typeof mapped === 'number') throw new Error(`mmap of a huge page: ${errnoName(-mapped)}`);
}

/**
 * Tries one region after the other until all pageblocks of the stuck set are given, or all regions are huge pages; what
 * fails is tried again.
 * @param prepare once for each region
 * @param obtain whether the region at this address is a huge page now
 */
export function obtainHugePages(
  { hugePages: count, pageblocks }: Pick<TriggerTarget, 'hugePages' | 'pageblocks'>,
  prepare: (address: bigint, bytes: number) => void,
  obtain: (address: bigint, bytes: number) => boolean,
): { result: 0; wanted: number; obtained: number } {
  const regions = mapRegions(count);
  for (const address of regions) prepare(address, HUGE_PAGE_BYTES);
  let obtained = 0;
  tryInBursts(
    FAILURES_IN_BURST,
    () => obtained >= count || areAllHuge(pageblocks),
    () => {
      const isObtained = obtain(regions[obtained] ?? 0n, HUGE_PAGE_BYTES);
      if (isObtained) obtained += 1;
      return isObtained;
    },
  );
  return { result: 0, wanted: count, obtained };
}

/** What this machine lacks for transparent huge pages where they are asked for. */
export function missingForHugePages(): string | undefined {
  if (!existsSync(enabledPath)) return `${enabledPath} is not there: needs CONFIG_TRANSPARENT_HUGEPAGE`;
  return readFileSync(enabledPath, 'utf8').includes('[never]')
    ? `${enabledPath} says never: needs madvise or always`
    : undefined;
}
