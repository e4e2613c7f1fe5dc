/**
 * Where folios must lie for compaction to meet them.  Compaction's migrate scanner climbs from the bottom of a
 * zone until it meets the free scanner, which comes down from the top and takes free pages only out of
 * pageblocks that are partly used (suitable_migration_target() in mm/compaction.c).  So the stuck folios must
 * lie low ("landing"), and above them there must be partly free pageblocks with room for every movable page
 * that the migrate scanner meets first ("targets").  Pure: pfns in, page indexes out.
 */
import { MORE_TARGET_PAGES, pagesForRuns, planRuns, type RunsNeed } from './runs.js';

/**
 * Of the landing, one page in so many stays allocated, so that what is freed around it cannot merge into large
 * buddies: the allocator serves small ones first.
 */
const LANDING_SPACING = 8;
/**
 * For few pages, or where huge pages are scarce, every other one: then all that is freed is of order 0, and what was freed
 * last is given first.  Otherwise small pieces of free memory from elsewhere are given before the larger ones of the landing:
 * on a machine that has just booted a third of a set of 2 MiB lay in such pieces, above the targets.
 */
const FINE_SPACING = 2;
const FEW_PAGES = 8192;
/** 8 MiB: what our own processes allocate while the sets come, however small these are. */
const LEAST_SLACK_PAGES = 2048;
/**
 * Targets are freed in halves of a pageblock, the other half kept.  A pageblock that is wholly free would not be
 * used as a target; and a large folio on the scanner's way needs a free buddy of its own order, which may be as
 * large as such a half: without one migrate_pages() answers ENOMEM, and compaction of the zone ends at once, as
 * contended (compact_zone(), skip_isolation_on_order() in mm/compaction.c).
 */
const PAGEBLOCK_PAGES = 512;
const HALF_PAGES = PAGEBLOCK_PAGES / 2;

/** Ballast pages that turn out useless: in another zone, or in pageblocks that are not ours as a whole. */
const FRAGMENTATION = 1.15;
/** So many target pages are freed in halves; whatever more is needed, in pageblocks of which one page is kept. */
const MOST_HALF_PAGES = 65_536;

/** Where huge pages are scarce what is kept is taken from the machine: one page of each pageblock will do. */
function mostInHalves({ roomPages }: PlacementNeed): number {
  return roomPages === undefined ? MOST_HALF_PAGES : 0;
}

export interface PlacementNeed {
  /** Pages of the stuck and the control set together. */
  readonly setPages: number;
  /**
   * Pages on the LRU lists of the zone before anything is placed: those on the scanner's way take free pages, and how many
   * these are is known only once there is a plan.
   */
  readonly lruPages: number;
  /**
   * Where huge pages are to be had out of the landing only: so many pages are freed before it, to move away whatever
   * else can be moved; and the landing is made of pageblocks that are ours as a whole.
   */
  readonly roomPages?: number;
  /** Where they are to be in folios of an order, and what these are to be given is another (runs.ts). */
  readonly runs?: RunsNeed;
}

export interface PlacementPlan {
  /** Indexes of ballast pages to free before the workload allocates: its folios land there. */
  readonly landing: Uint32Array;
  /** Indexes to free once it has allocated: what kept `landing` apart. */
  readonly spacers: Uint32Array;
  /** Indexes to free first of all; none unless `roomPages` is asked for. */
  readonly room: Uint32Array;
  /** Indexes to free last: where compaction may move folios to. */
  readonly targets: Uint32Array;
  /** pfns [low, high] of the landing region. */
  readonly landingRange: readonly [number, number];
}

/** With what other allocations take first: a quarter more, or 64 MiB and a little where that is less. */
function withSlack(pages: number): number {
  return Math.ceil(pages + Math.min(pages / 4, 16_384 + pages / 32));
}

function spacingOf({ roomPages, setPages }: PlacementNeed): number {
  return roomPages === undefined && setPages > FEW_PAGES ? LANDING_SPACING : FINE_SPACING;
}

function landingPages(need: PlacementNeed): number {
  const spacing = spacingOf(need);
  const least = need.roomPages === undefined ? need.setPages + LEAST_SLACK_PAGES : 0;
  return Math.ceil((Math.max(withSlack(need.setPages), least) * spacing) / (spacing - 1));
}

/** Others have the room where there is one. */
function targetPages(need: PlacementNeed, lruPages = need.lruPages): number {
  return withSlack(need.setPages + (need.roomPages === undefined ? lruPages : 0)) + MORE_TARGET_PAGES;
}

/**
 * The least number of ballast pages that a placement works with.  More lets it choose lower ones for the landing:
 * the allocator gives pages from anywhere, and the landing is the lowest of what it gave.
 */
export function leastBallastPages(need: PlacementNeed): number {
  const { runs } = need;
  if (runs !== undefined) return Math.ceil(pagesForRuns(runs) * FRAGMENTATION) + 2 * PAGEBLOCK_PAGES;
  const targets = targetPages(need) + (need.roomPages ?? 0);
  const inHalves = Math.min(targets, mostInHalves(need));
  const inWholes = Math.ceil(((targets - inHalves) * PAGEBLOCK_PAGES) / (PAGEBLOCK_PAGES - 1));
  return Math.ceil((landingPages(need) + 2 * inHalves + inWholes) * FRAGMENTATION) + 2 * PAGEBLOCK_PAGES;
}

function isUsable(pfn: number | undefined): boolean {
  return pfn !== undefined && pfn >= 0;
}

/**
 * @param pfns pfn of each ballast page, by its index; -1 for one that must not be used (other zone, not present)
 * @param movableBelow how many pages of the zone can be moved that lie below a frame, ballast among them: no more targets are
 *     freed than these and the sets take, since compaction goes on until it has filled them all
 * @returns undefined when too few pages lie in the zone
 */
export function planPlacement(
  pfns: Float64Array,
  need: PlacementNeed,
  movableBelow?: (pfn: number) => number,
): PlacementPlan | undefined {
  const byPfn = indexesByPfn(pfns);
  if (need.runs !== undefined) {
    const runs = planRuns(pfns, byPfn, need.runs, movableBelow);
    return runs === undefined ? undefined : { ...runs, room: new Uint32Array() };
  }
  const landingSpan = landingPages(need);
  const low =
    need.roomPages === undefined
      ? byPfn.subarray(0, landingSpan)
      : lowestWholePageblocks(pfns, byPfn, landingSpan);
  const top = pfns[low[low.length - 1] ?? 0] ?? 0;
  const above = byPfn.subarray(byPfn.findLastIndex((index) => (pfns[index] ?? 0) <= top) + 1);
  // Where there is room for others nobody asks how many they are.
  const isCounted = movableBelow !== undefined && need.roomPages === undefined;
  const lruPages = isCounted ? Math.max(0, movableBelow(top + 1) - low.length) : need.lruPages;
  const most = mostInHalves(need);
  const targets = highestTargets(pfns, above, targetPages(need, lruPages), most);
  const room =
    need.roomPages === undefined
      ? new Uint32Array()
      : highestTargets(pfns, outsideOf(pfns, byPfn, [low, targets]), need.roomPages, most);
  // Fewer targets than wanted may do; with less room than the sets take they cannot.
  if (low.length < landingSpan || targets.length < need.setPages) return undefined;
  const spacing = spacingOf(need);
  const isSpacer = (index: number) => (pfns[index] ?? 0) % spacing === 0;
  return {
    landing: low.filter((index) => !isSpacer(index)),
    spacers: low.filter(isSpacer),
    room,
    targets,
    landingRange: [pfns[low[0] ?? 0] ?? 0, pfns[low[low.length - 1] ?? 0] ?? 0],
  };
}

/** Frames between the lowest and the highest: a table of them is made where it takes no more than 64 MiB. */
const MOST_TABLED_FRAMES = 1 << 24;

/** Indexes of the pages that may be used, by their frames. */
function indexesByPfn(pfns: Float64Array): Uint32Array {
  let [lowest, highest] = [Number.MAX_SAFE_INTEGER, -1];
  for (let index = 0; index < pfns.length; index++) {
    const pfn = pfns[index] ?? -1;
    if (!isUsable(pfn)) continue;
    if (pfn < lowest) lowest = pfn;
    if (pfn > highest) highest = pfn;
  }
  const frames = highest - lowest + 1;
  if (frames <= 0) return new Uint32Array();
  return frames <= MOST_TABLED_FRAMES ? indexesByTable(pfns, lowest, frames) : indexesBySort(pfns);
}

/** A frame has one page of the ballast at most. */
function indexesByTable(pfns: Float64Array, lowest: number, frames: number): Uint32Array {
  const places = new Uint32Array(frames);
  let count = 0;
  for (let index = 0; index < pfns.length; index++) {
    const pfn = pfns[index] ?? -1;
    if (!isUsable(pfn)) continue;
    places[pfn - lowest] = index + 1;
    count += 1;
  }
  const indexes = new Uint32Array(count);
  let found = 0;
  for (let frame = 0; frame < frames; frame++) {
    const place = places[frame] ?? 0;
    if (place > 0) indexes[found++] = place - 1;
  }
  return indexes;
}

function indexesBySort(pfns: Float64Array): Uint32Array {
  // Numbers are sorted without a call for each comparison: frame and index in one, which is exact below 2^53, for a
  // million pages up to 32 TiB of addresses.
  const keys = new Float64Array(pfns.length);
  let count = 0;
  for (let index = 0; index < pfns.length; index++) {
    const pfn = pfns[index] ?? -1;
    if (isUsable(pfn)) keys[count++] = pfn * pfns.length + index;
  }
  const sorted = keys.subarray(0, count).sort();
  if ((sorted.at(-1) ?? 0) <= Number.MAX_SAFE_INTEGER)
    return Uint32Array.from(sorted, (key) => key % pfns.length);
  const indexes = Uint32Array.from(pfns.keys()).filter((index) => isUsable(pfns[index]));
  return indexes.sort((a, b) => (pfns[a] ?? 0) - (pfns[b] ?? 0));
}

/** What lies in other pageblocks than these pages do. */
function outsideOf(pfns: Float64Array, byPfn: Uint32Array, pages: readonly Uint32Array[]): Uint32Array {
  const blockOf = (index: number) => Math.floor((pfns[index] ?? 0) / PAGEBLOCK_PAGES);
  const blocks = new Set<number>();
  for (const list of pages) for (const index of list) blocks.add(blockOf(index));
  return byPfn.filter((index) => !blocks.has(blockOf(index)));
}

/** Of pageblocks that are ours as a whole, the lowest, as many as it takes. */
function lowestWholePageblocks(pfns: Float64Array, byPfn: Uint32Array, wanted: number): Uint32Array {
  const lowest = new Uint32Array(Math.ceil(wanted / PAGEBLOCK_PAGES) * PAGEBLOCK_PAGES);
  let found = 0;
  for (let start = 0; start + PAGEBLOCK_PAGES <= byPfn.length && found < wanted; ) {
    const first = pfns[byPfn[start] ?? 0] ?? 0;
    const last = pfns[byPfn[start + PAGEBLOCK_PAGES - 1] ?? 0] ?? 0;
    const isWhole = first % PAGEBLOCK_PAGES === 0 && last - first === PAGEBLOCK_PAGES - 1;
    if (isWhole) lowest.set(byPfn.subarray(start, start + PAGEBLOCK_PAGES), found);
    found += isWhole ? PAGEBLOCK_PAGES : 0;
    start += isWhole ? PAGEBLOCK_PAGES : 1;
  }
  return lowest.subarray(0, found);
}

/**
 * The highest lower halves of pageblocks that are ours as a whole; where that is not enough, or memory is too
 * fragmented, single pages, such that one page of each pageblock is left as it is.
 * @param byPfn indexes in ascending order of their pfn
 */
function highestTargets(pfns: Float64Array, byPfn: Uint32Array, wanted: number, most: number): Uint32Array {
  const targets = new Uint32Array(byPfn.length);
  const inHalves = Math.min(wanted, most);
  const halved = new Set<number>();
  let found = 0;
  for (let end = byPfn.length; end >= HALF_PAGES && found < inHalves; end--) {
    const last = pfns[byPfn[end - 1] ?? 0] ?? 0;
    const first = pfns[byPfn[end - HALF_PAGES] ?? 0] ?? 0;
    if (last % PAGEBLOCK_PAGES !== HALF_PAGES - 1 || last - first !== HALF_PAGES - 1) continue;
    targets.set(byPfn.subarray(end - HALF_PAGES, end), found);
    halved.add(Math.floor(last / PAGEBLOCK_PAGES));
    found += HALF_PAGES;
  }
  // Where halves are missing, the lower halves that are ours in part; else whole pageblocks but for one page.
  const blockAt = (end: number) => Math.floor((pfns[byPfn[end] ?? 0] ?? 0) / PAGEBLOCK_PAGES);
  const isLowestOfBlock = (end: number) => end === 0 || blockAt(end - 1) !== blockAt(end);
  const isKept = (place: number, end: number) =>
    found < inHalves ? place >= HALF_PAGES : isLowestOfBlock(end);
  const singles: number[] = [];
  for (let end = byPfn.length; end > 0 && found + singles.length < wanted; end--) {
    const index = byPfn[end - 1] ?? 0;
    const pfn = pfns[index] ?? 0;
    if (!halved.has(Math.floor(pfn / PAGEBLOCK_PAGES)) && !isKept(pfn % PAGEBLOCK_PAGES, end - 1))
      singles.push(index);
  }
  for (const index of singles) targets[found++] = index;
  return targets.subarray(0, found);
}
