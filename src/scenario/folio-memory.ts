/** How much memory an arm about large folios takes for them, and for what must be around them. */
import { statfsSync } from 'node:fs';
import { PAGE_BYTES } from '../base/page-size.js';
import { leastBallastPages } from '../placement/plan.js';
import type { RunsNeed } from '../placement/runs.js';
import type { FolioDesign } from '../record/events.js';
import type { Child } from './child.js';
import { availableBytes, lruPagesOfLargestZone } from './memory-need.js';

/** Half a pageblock: in one that is wholly free nothing is looked for. */
const ROOM_ORDER = 8;
/** Of so many hugetlb pages the lowest one is kept; but not more than so many too many, 192 MiB. */
const CANDIDATES = 12;
const MOST_CANDIDATES = 96;
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

/** How many pages the pool of hugetlb pages is made larger by; 0 for other memory. */
export function candidateHugePages({ memory, order }: FolioDesign, stuckBytes: number): number {
  const pages = Math.ceil(stuckBytes / (PAGE_BYTES << order));
  return memory === 'hugetlb' ? Math.min(pages * CANDIDATES, pages + MOST_CANDIDATES) : 0;
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

/** What of the ballast is not the next arm's. What lies high stays taken: hugetlb pages are to lie below it. */
export async function releaseForFolios({ memory }: FolioDesign, ballast: Child): Promise<void> {
  await ballast.ask('release', { keepsBasePages: memory !== 'xfs' }, BALLAST_MS);
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
  await releaseForFolios(design, ballast);
  const { bytes } = await ballast.ask<{ bytes: number }>('held', {}, BALLAST_MS);
  const mib = (size: number) => `${Math.ceil(size / (1 << 20))} MiB`;
  const needed = peakBytesOf(design, sizes);
  const available = availableBytes() + bytes;
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
  const pool = candidateHugePages(design, stuckBytes) * HUGE_PAGE_BYTES;
  return ballast * PAGE_BYTES + pool + 2 * stuckBytes + controlBytes;
}
