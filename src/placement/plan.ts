/**
 * Where folios must lie for compaction to meet them.  Compaction's migrate scanner climbs from the bottom of a
 * zone until it meets the free scanner, which comes down from the top and takes free pages only out of
 * pageblocks that are partly used (suitable_migration_target() in mm/compaction.c).  So the stuck folios must
 * lie low ("landing"), and above them there must be partly free pageblocks with room for every movable page
 * that the migrate scanner meets first ("targets").  Pure: pfns in, page indexes out.
 */

/**
 * Of the landing, one page in so many stays allocated, so that what is freed around it cannot merge into large
 * buddies: the allocator serves small ones first.
 */
const LANDING_SPACING = 8;
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

export interface PlacementNeed {
  /** Pages of the stuck and the control set together. */
  readonly setPages: number;
  /** Pages on the LRU lists of the zone before anything is placed: they take free pages on the scanner's way. */
  readonly lruPages: number;
}

export interface PlacementPlan {
  /** Indexes of ballast pages to free before the workload allocates: its folios land there. */
  readonly landing: Uint32Array;
  /** Indexes to free once it has allocated: what kept `landing` apart. */
  readonly spacers: Uint32Array;
  /** Indexes to free last: where compaction may move folios to. */
  readonly targets: Uint32Array;
  /** pfns [low, high] of the landing region. */
  readonly landingRange: readonly [number, number];
}

/** With what other allocations take first: a quarter more, or 64 MiB and a little where that is less. */
function withSlack(pages: number): number {
  return Math.ceil(pages + Math.min(pages / 4, 16_384 + pages / 32));
}

function landingPages(need: PlacementNeed): number {
  return Math.ceil((withSlack(need.setPages) * LANDING_SPACING) / (LANDING_SPACING - 1));
}

function targetPages(need: PlacementNeed): number {
  return withSlack(need.setPages + need.lruPages);
}

/**
 * The least number of ballast pages that a placement works with.  More lets it choose lower ones for the landing:
 * the allocator gives pages from anywhere, and the landing is the lowest of what it gave.
 */
export function leastBallastPages(need: PlacementNeed): number {
  const targets = targetPages(need);
  const inHalves = Math.min(targets, MOST_HALF_PAGES);
  const inWholes = Math.ceil(((targets - inHalves) * PAGEBLOCK_PAGES) / (PAGEBLOCK_PAGES - 1));
  return Math.ceil((landingPages(need) + 2 * inHalves + inWholes) * FRAGMENTATION) + 2 * PAGEBLOCK_PAGES;
}

function isUsable(pfn: number | undefined): boolean {
  return pfn !== undefined && pfn >= 0;
}

/**
 * @param pfns pfn of each ballast page, by its index; -1 for one that must not be used (other zone, not present)
 * @returns undefined when too few pages lie in the zone
 */
export function planPlacement(pfns: Float64Array, need: PlacementNeed): PlacementPlan | undefined {
  const order = new Uint32Array(pfns.length);
  let count = 0;
  for (let index = 0; index < pfns.length; index++) if (isUsable(pfns[index])) order[count++] = index;
  const byPfn = order.subarray(0, count).sort((a, b) => (pfns[a] ?? 0) - (pfns[b] ?? 0));
  const landingSpan = landingPages(need);
  const low = byPfn.subarray(0, landingSpan);
  const targets = highestTargets(pfns, byPfn.subarray(landingSpan), targetPages(need));
  // Fewer targets than wanted may do; with less room than the sets take they cannot.
  if (low.length < landingSpan || targets.length < need.setPages) return undefined;
  const isSpacer = (index: number) => (pfns[index] ?? 0) % LANDING_SPACING === 0;
  return {
    landing: low.filter((index) => !isSpacer(index)),
    spacers: low.filter(isSpacer),
    targets,
    landingRange: [pfns[low[0] ?? 0] ?? 0, pfns[low[low.length - 1] ?? 0] ?? 0],
  };
}

/**
 * The highest lower halves of pageblocks that are ours as a whole; where that is not enough, or memory is too
 * fragmented, single pages, such that one page of each pageblock is left as it is.
 * @param byPfn indexes in ascending order of their pfn
 */
function highestTargets(pfns: Float64Array, byPfn: Uint32Array, wanted: number): Uint32Array {
  const targets = new Uint32Array(byPfn.length);
  const inHalves = Math.min(wanted, MOST_HALF_PAGES);
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
  const isKept = (place: number) => (found < inHalves ? place >= HALF_PAGES : place === 0);
  const singles: number[] = [];
  for (let end = byPfn.length; end > 0 && found + singles.length < wanted; end--) {
    const index = byPfn[end - 1] ?? 0;
    const pfn = pfns[index] ?? 0;
    if (!halved.has(Math.floor(pfn / PAGEBLOCK_PAGES)) && !isKept(pfn % PAGEBLOCK_PAGES)) singles.push(index);
  }
  for (const index of singles) targets[found++] = index;
  return targets.subarray(0, found);
}
