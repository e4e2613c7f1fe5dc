/** How much memory an arm about large folios takes for them, and for what must be around them. */
import { statfsSync } from 'node:fs';
import { PAGE_BYTES } from '../base/page-size.js';
import { leastBallastPages } from '../placement/plan.js';
import type { RunsNeed } from '../placement/runs.js';
import type { FolioDesign } from '../record/arm-design.js';
import type { Child } from './child.js';
import { availableBytes, lruPagesOfLargestZone } from './memory-need.js';

/** Half a pageblock: in one that is wholly free nothing is looked for. */
const ROOM_ORDER = 8;
/** So many hugetlb pages more, 192 MiB: of all of them the lowest are kept, which the scanner comes by. */
const MORE_CANDIDATES = 96;
/** Room for what others have on the migrate scanner's way, 256 MiB: with more of it compaction ends before the set. */
const MOST_LRU_PAGES = 65_536;

/** @param lruPages movable pages of others in the zone */
export function runsNeed({ order, fragmented }: FolioDesign, stuckBytes: number, lruPages: number): RunsNeed {
  return {
    largePages: Math.ceil(stuckBytes / PAGE_BYTES),
    lruPages: Math.min(lruPages, MOST_LRU_PAGES),
    landingOrder: order,
    targetOrder: fragmented ? 0 : ROOM_ORDER,
  };
}

/** By how many pages the pool of hugetlb pages is made larger: with fewer where memory is short. */
export function candidateHugePages(design: FolioDesign, sizes: Sizes): number {
  const spareBytes = availableBytes() * MOST_SHARE - peakBytesOf(design, sizes);
  const more = Math.max(0, Math.floor(spareBytes / HUGE_PAGE_BYTES));
  return leastHugePages(design, sizes.stuckBytes) + Math.min(more, MORE_CANDIDATES);
}

/** Twice what is wanted; 0 for other memory. */
function leastHugePages({ memory, order }: FolioDesign, stuckBytes: number): number {
  return memory === 'hugetlb' ? 2 * Math.ceil(stuckBytes / (PAGE_BYTES << order)) : 0;
}

const HUGE_PAGE_BYTES = 2 << 20;
const BALLAST_MS = 60_000;
/** Of what is available: the rest is the machine's. */
const MOST_SHARE = 0.7;
/** What mkfs.xfs and the log take of an image, whatever is in it. */
const IMAGE_OVERHEAD_BYTES = 96 << 20;

interface Sizes {
  readonly stuckBytes: number;
  readonly controlBytes: number;
}

/**
 * Why such an arm cannot be played; undefined where it can.
 * @param stateDirectory where its image is
 */
export async function lackingForFolios(
  design: FolioDesign | undefined,
  sizes: Sizes,
  ballast: Child,
  stateDirectory: string,
): Promise<string | undefined> {
  if (design === undefined) return undefined;
  // What it holds is not to be counted as used.
  await ballast.ask('release', { keptToo: false }, BALLAST_MS);
  const mib = (bytes: number) => `${Math.ceil(bytes / (1 << 20))} MiB`;
  const needed = peakBytesOf(design, sizes);
  const available = availableBytes();
  if (needed > available * MOST_SHARE)
    return `needs ${mib(needed / MOST_SHARE)} of memory for these folios, and ${mib(available)} are available`;
  if (design.memory !== 'xfs') return undefined;
  const { bavail, bsize } = statfsSync(stateDirectory);
  const image = sizes.stuckBytes + IMAGE_OVERHEAD_BYTES;
  return image > bavail * bsize
    ? `needs ${mib(image)} in ${stateDirectory} for the image, and ${mib(bavail * bsize)} are free there`
    : undefined;
}

/** Ballast, both sets, and the image, which may be in memory; what fills free pieces keeps to a share of its own. */
function peakBytesOf(design: FolioDesign, { stuckBytes, controlBytes }: Sizes): number {
  const setPages = Math.ceil((stuckBytes + controlBytes) / PAGE_BYTES);
  const lruPages = lruPagesOfLargestZone();
  const runs = design.memory === 'xfs' ? { runs: runsNeed(design, stuckBytes, lruPages) } : {};
  const ballast = leastBallastPages({ setPages, lruPages: Math.min(lruPages, MOST_LRU_PAGES), ...runs });
  const pool = leastHugePages(design, stuckBytes) * HUGE_PAGE_BYTES;
  return ballast * PAGE_BYTES + pool + 2 * stuckBytes + controlBytes;
}
