/**
 * Where large folios must lie, and what room they are given: free pages of one order, in aligned runs of the ballast
 * whose buddies stay taken, so that none merges.  Pure: pfns in, page indexes out.
 * Authority: compaction_alloc() and isolate_freepages() in mm/compaction.c: a folio is offered what the free scanner has
 * at hand, and once more what it meets next, which may be one page of order 0.
 */

/** COMPACT_CLUSTER_MAX. */
const SCANNER_STRIDE = 32;
/** What other allocations take first. */
const SLACK = 1.25;
/** 16 MiB: what others allocate between the count of what is to be moved and the trigger. */
export const MORE_TARGET_PAGES = 4096;

export interface Runs {
  /** Indexes of ballast pages to free before the workload allocates: runs of the order, and single pages beside them. */
  readonly landing: Uint32Array;
  readonly spacers: Uint32Array;
  readonly targets: Uint32Array;
  readonly landingRange: readonly [number, number];
}

export interface RunsNeed {
  /** Pages in folios of the order; as many of order 0 land beside them. */
  readonly largePages: number;
  /** Movable pages that the migrate scanner meets besides. */
  readonly lruPages: number;
  readonly landingOrder: number;
  readonly targetOrder: number;
}

function roomPages({ largePages, lruPages }: Pick<RunsNeed, 'largePages' | 'lruPages'>): number {
  return (2 * largePages + lruPages) * SLACK;
}

/** How many pages such a plan needs, of whole pageblocks: half of them stay. */
export function pagesForRuns(need: RunsNeed): number {
  return 2 * Math.ceil(need.largePages * SLACK + roomPages(need));
}

/**
 * @param byPfn indexes in ascending order of their pfn
 * @param movableBelow how many pages of the zone can be moved that lie below a frame, ballast among them; as `need` says
 *     where that is not known
 * @returns undefined where there are too few runs
 */
export function planRuns(
  pfns: Float64Array,
  byPfn: Uint32Array,
  need: RunsNeed,
  movableBelow?: (pfn: number) => number,
): Runs | undefined {
  const at = (place: number) => pfns[byPfn[place] ?? 0] ?? 0;
  const wanted = need.largePages * SLACK;
  const size = 2 ** need.landingOrder;
  const landing: number[] = [];
  const spacers: number[] = [];
  let inRuns = 0;
  let first = -1;
  let place = 0;
  for (; place < byPfn.length && inRuns < wanted; place++) {
    if (!isOddRun(at, place, byPfn.length, size)) continue;
    if (first < 0) first = at(place - 1);
    // The page before it is its buddy's, and keeps the two apart.
    spacers.push(byPfn[place - 1] ?? 0);
    for (let back = 2; back <= size && at(place - back) === at(place) - back; back++)
      landing.push(byPfn[place - back] ?? 0);
    for (let page = 0; page < size; page++) landing.push(byPfn[place + page] ?? 0);
    inRuns += size;
    place += size - 1;
  }
  if (inRuns < wanted) return undefined;
  const below = place;
  // The ballast is locked, and stays where it is.
  const lruPages =
    movableBelow === undefined
      ? need.lruPages
      : Math.max(0, movableBelow(at(below - 1) + 1) - below) + MORE_TARGET_PAGES;
  const room = roomPages({ largePages: need.largePages, lruPages });
  const targets = highestRuns(at, byPfn, below, 2 ** need.targetOrder, room);
  if (targets.length < 2 * need.largePages) return undefined;
  return {
    landing: Uint32Array.from(landing),
    spacers: Uint32Array.from(spacers),
    targets,
    landingRange: [first, at(below - 1)],
  };
}

/** Whether an aligned run begins there that is the upper one of two buddies, and the lower one is ours at its end. */
function isOddRun(at: (place: number) => number, place: number, places: number, size: number): boolean {
  const start = at(place);
  return (
    place > 0 &&
    place + size <= places &&
    start % (2 * size) === size &&
    at(place + size - 1) === start + size - 1 &&
    at(place - 1) === start - 1
  );
}

/** Whether an aligned run begins there that is the lower one of two buddies, and the upper one is ours at its beginning. */
function isEvenRun(at: (place: number) => number, place: number, places: number, size: number): boolean {
  const start = at(place);
  return (
    place + size < places &&
    start % (2 * size) === 0 &&
    at(place + size - 1) === start + size - 1 &&
    at(place + size) === start + size
  );
}

function highestRuns(
  at: (place: number) => number,
  byPfn: Uint32Array,
  below: number,
  size: number,
  wanted: number,
): Uint32Array {
  const targets: number[] = [];
  // The free scanner looks at every 32nd page only, from the beginning of a pageblock on, once it has found nothing for
  // a while (`stride` in isolate_freepages()): short runs must begin there.  Long ones do anyway, and lie better at the
  // end of their pageblock: a call that only looks at the rest of one brings nothing, and the folio has no place to go.
  const isRun = size < SCANNER_STRIDE ? isEvenRun : isOddRun;
  for (let place = byPfn.length - size; place > below && targets.length < wanted; place--) {
    if (!isRun(at, place, byPfn.length, size)) continue;
    for (let page = 0; page < size; page++) targets.push(byPfn[place + page] ?? 0);
  }
  return Uint32Array.from(targets);
}
