/**
 * The evidence of arms about large folios: what they were before the trigger and afterwards, by their flags, and what
 * the kernel counted meanwhile.  judge-folios.ts judges.
 */
import type { FolioDesign } from '../record/arm-design.js';
import type { RunDirectory } from '../record/run-directory.js';
import type { ArmEvents, EventOf } from './arm-events.js';
import { countOrders, foliosOf, hasFlag, type SeenFolio } from './folio-orders.js';
import { countWithin, isWithin, type TraceFacts } from './trace-facts.js';

export interface SplitHugePagesEvidence {
  /** Why it could not be asked, or no more; null where it was. */
  readonly lacking: string | null;
  readonly asked: number;
  readonly done: number;
  /** The kernel's counters for that size meanwhile; null where it has none. */
  readonly split: number | null;
  readonly splitFailed: number | null;
}

export interface FoliosEvidence extends FolioDesign {
  /** How many folios of each order there were, by the order in decimal. */
  readonly ordersBefore: Readonly<Record<string, number>>;
  readonly ordersAfter: Readonly<Record<string, number>>;
  /** Before the trigger: folios of the order that was wanted, and of those the dirty ones, and those with iomap's state. */
  readonly ofOrder: number;
  readonly dirty: number;
  readonly withState: number;
  /** With KPF_HUGE. */
  readonly hugetlb: number;
  /** Of the folios of that order: still whole afterwards, and whole at another place. */
  readonly wholeAfter: number;
  readonly movedWhole: number;
  /** Pages of the set in ranges of the migrate scanner out of which anything was isolated. */
  readonly pagesInTakenRanges: number;
  /** Pages of the set by which the migrate scanner came without an event about their pageblock. */
  readonly pagesPassedOver: number;
  /** Of folios that were whole in the end: how many ftruncate(2) was to split, and how many it did; null without a file. */
  readonly splitAsked: number | null;
  readonly splitDone: number | null;
  /** Of the end of the file, cut off by that. */
  readonly cutBytes: number | null;
  /** What came of asking by split_huge_pages of debugfs, after the trigger; null where that is not on record. */
  readonly splitHugePages: SplitHugePagesEvidence | null;
  /** The kernel's counters for that size, over the trigger; null where it has none. */
  readonly split: number | null;
  readonly splitFailed: number | null;
}

/** @returns undefined for an arm that is not about folios, null where the run ended before they were recorded */
export function foliosEvidence(
  start: EventOf<'arm-started'>,
  events: ArmEvents,
  run: RunDirectory,
  facts: TraceFacts | undefined,
): FoliosEvidence | null | undefined {
  const { folios: design } = start;
  if (design === undefined) return undefined;
  const samples = events.all('folios');
  const before = samples.find(({ when }) => when === 'set-named');
  const after = samples.find(({ when }) => when === 'set-found');
  const named = events.first('set-named');
  const found = events.first('set-found');
  if (before === undefined || after === undefined || named === undefined || found === undefined) return null;
  const pfnsBefore = run.readNumbers(named.stuckPfns);
  const flagsBefore = run.readNumbers(before.flags);
  const pfnsAfter = run.readNumbers(found.stuckPfns);
  const flagsAfter = run.readNumbers(after.flags);
  if (!pfnsBefore || !flagsBefore || !pfnsAfter || !flagsAfter) return null;
  if (flagsBefore.length !== pfnsBefore.length || flagsAfter.length !== pfnsAfter.length) return null;
  const foliosBefore = foliosOf(pfnsBefore, flagsBefore);
  const foliosAfter = foliosOf(pfnsAfter, flagsAfter);
  const ofOrder = foliosBefore.filter(({ pages }) => pages === 2 ** design.order);
  const sizeAt = new Map(foliosAfter.map(({ index, pages }) => [index, pages]));
  const whole = ofOrder.filter(({ index, pages }) => sizeAt.get(index) === pages);
  const asked = events.first('split-asked');
  const difference = (first: number | null, last: number | null) =>
    first === null || last === null ? null : last - first;
  return {
    ...design,
    ordersBefore: countOrders(foliosBefore),
    ordersAfter: countOrders(foliosAfter),
    ofOrder: ofOrder.length,
    dirty: countWith(ofOrder, 'DIRTY'),
    withState: countWith(ofOrder, 'PRIVATE'),
    hugetlb: countWith(ofOrder, 'HUGE'),
    wholeAfter: whole.length,
    movedWhole: whole.filter(({ index }) => pfnsBefore[index] !== pfnsAfter[index]).length,
    pagesInTakenRanges: countWithin(pfnsBefore, facts?.taken ?? []),
    pagesPassedOver: countWithin(
      pfnsBefore.filter((pfn) => !isWithin(pfn, facts?.scanned ?? [])),
      facts?.crossed ?? [],
    ),
    splitAsked: asked?.asked ?? null,
    splitDone: asked?.split ?? null,
    cutBytes: asked?.cutBytes ?? null,
    splitHugePages: splitHugePagesEvidence(events),
    split: difference(before.split, after.split),
    splitFailed: difference(before.splitFailed, after.splitFailed),
  };
}

function splitHugePagesEvidence(events: ArmEvents): SplitHugePagesEvidence | null {
  const asked = events.first('split-huge-pages-asked');
  if (asked === undefined) return null;
  return {
    lacking: asked.lacking,
    asked: asked.asked,
    done: asked.split,
    split: asked.countedSplit,
    splitFailed: asked.countedFailed,
  };
}

function countWith(folios: readonly SeenFolio[], name: 'DIRTY' | 'PRIVATE' | 'HUGE'): number {
  return folios.filter(({ flags }) => hasFlag(flags, name)).length;
}
