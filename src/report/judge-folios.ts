/**
 * Judges arms about large folios: whether the folios were what the design says, and what became of them under the
 * trigger.  Pure; outcome.ts asks here first where an arm has `folios`.
 */
import { PAGE_BYTES } from '../base/page-size.js';
import type { ArmEvidence } from './evidence.js';
import type { FoliosEvidence } from './folios.js';
import { inconclusive, type Judgement, unknown } from './judgement.js';

/** Of the set, how much must be folios as the design wants them. */
const AS_DESIGNED_SHARE = 0.95;

/** Why the folios are not what the arm is about; undefined where they are. */
export function notFolios(folios: FoliosEvidence | undefined, pages: number): string | undefined {
  if (folios === undefined) return undefined;
  const { order, ofOrder, dirty, withState, hugetlb, state, memory } = folios;
  const wanted = pages / 2 ** order;
  if (ofOrder < wanted * AS_DESIGNED_SHARE)
    return `${ofOrder} folios of order ${order} came about where ${wanted} were wanted`;
  const must = (count: number, none: boolean, what: string) => {
    if (none ? count === 0 : count === ofOrder) return undefined;
    return `${count} of ${ofOrder} folios ${what}`;
  };
  if (memory === 'hugetlb') return must(hugetlb, false, 'are hugetlb pages');
  if (memory === 'anonymous') return must(hugetlb, true, 'are hugetlb pages');
  return (
    must(dirty, state === 'clean', 'are dirty') ??
    // With blocks as large as the folio there is nothing to keep a state of.
    (folios.blockBytes === PAGE_BYTES && state !== 'clean'
      ? must(withState, state === 'dirty-whole', "have iomap's state")
      : undefined)
  );
}

/** Of what moved, how much must have moved in the way for which there is room: others free memory meanwhile. */
const MOVED_SO_SHARE = 0.75;
/** So many folios that were moved, in whole or in parts, show that such folios are. */
const ENOUGH_FOLIOS = 16;
/** What is isolated at a time comes out of one pageblock. */
const PAGEBLOCK_PAGES = 512;
const REACHED_SHARE = 0.5;
const CONTROL_MOVED_SHARE = 0.95;
/** Of the base pages beside hugetlb pages, how much must be reached to be a sample. */
const CONTROL_SAMPLE_SHARE = 0.25;

const isOfLeastOrder = ({ blockBytes, order }: FoliosEvidence): boolean => blockBytes === PAGE_BYTES << order;

/** Whether the kernel must refuse to split such folios of a file: iomap's state on a dirty one, or its least order. */
function refusesSplit(folios: FoliosEvidence): boolean {
  return folios.state === 'dirty' || isOfLeastOrder(folios);
}

/** Why asking outright for a split contradicts what the arm is about; undefined where it does not. */
function contraryToSplit(folios: FoliosEvidence): string | undefined {
  const through = folios.splitHugePages;
  // Where one is not split that shows nothing: a reference of somebody else's does that, too.
  if (through !== null && through.done > 0 && (folios.memory === 'hugetlb' || refusesSplit(folios)))
    return `asked outright by split_huge_pages, ${through.done} of ${through.asked} folios were split`;
  // A folio of the least order is no case for truncation, which asks for that order: it would refuse nothing.
  if (folios.memory !== 'xfs' || isOfLeastOrder(folios)) return undefined;
  const { splitAsked, splitDone } = folios;
  if (splitAsked === null || splitDone === null) return 'whether the folios can be split was not asked';
  if (splitDone === (refusesSplit(folios) ? 0 : splitAsked)) return undefined;
  return `asked outright by ftruncate(2), ${splitDone} of ${splitAsked} folios were split`;
}

/** @returns undefined where the rules for any other set apply */
export function judgeFolios(evidence: ArmEvidence): Judgement | undefined {
  const { folios, contendedAtPfn, kind } = evidence;
  if (!folios) return undefined;
  const contrary = contraryToSplit(folios);
  if (contrary !== undefined) return unknown(contrary);
  if (folios.memory === 'hugetlb') return judgeHugetlb(evidence, folios);
  const otherwise = kind === 'control' ? movedOtherwise(evidence, folios) : undefined;
  if (otherwise !== undefined) return inconclusive(otherwise);
  if (folios.memory !== 'xfs') return undefined;
  // Ended by the first folio, of whomever, that neither moved nor was split.
  const where =
    contendedAtPfn === undefined
      ? undefined
      : `compaction of the zone ended as contended at pfn 0x${contendedAtPfn.toString(16)}`;
  if (kind === 'control') return judgeSplit(evidence, folios, where ?? 'the scanners met');
  return where === undefined ? undefined : judgeUnsplit(evidence, folios, where);
}

/** Where there is room folios must move whole, and where there is none in parts: else the control shows something else. */
function movedOtherwise(
  { stuckMoved, migrateSucceeded }: ArmEvidence,
  folios: FoliosEvidence,
): string | undefined {
  const { memory, order, ofOrder, wholeAfter, movedWhole, fragmented, split } = folios;
  if (memory !== 'xfs' || stuckMoved < ENOUGH_FOLIOS * 2 ** order) return undefined;
  // What was reclaimed and read again is elsewhere, too.
  if (migrateSucceeded < stuckMoved)
    return `${stuckMoved} pages are elsewhere, and only ${migrateSucceeded} were migrated`;
  if (fragmented && split === 0) return 'the kernel counted no split';
  const wanted = fragmented ? ofOrder - wholeAfter : movedWhole;
  if (wanted >= (stuckMoved / 2 ** order) * MOVED_SO_SHARE) return undefined;
  const room = fragmented ? 'no free page of their order was to be there' : 'there was to be room for them';
  return `${stuckMoved} pages moved, ${movedWhole} of ${ofOrder} folios whole: ${room}`;
}

/**
 * All that was reached has moved, but for what was isolated when compaction ended.  Of folios that cannot be split a
 * single one shows that it moves where there is room: as soon as only smaller free pages are at hand the next has none,
 * since isolate_freepages() isolates nothing before those are used up (compaction_alloc(), mm/compaction.c).
 */
function judgeSplit(
  { stuckReached, stuckReachedMoved }: ArmEvidence,
  folios: FoliosEvidence,
  where: string,
): Judgement | undefined {
  const { order, ofOrder, wholeAfter, movedWhole } = folios;
  const enough = (refusesSplit(folios) ? 1 : ENOUGH_FOLIOS) * 2 ** order;
  if (stuckReachedMoved < enough || stuckReached - stuckReachedMoved > PAGEBLOCK_PAGES) return undefined;
  const how = `${ofOrder - wholeAfter} of ${ofOrder} folios were split, ${movedWhole} moved whole`;
  return {
    outcome: 'migrated',
    reason: `${how}: ${stuckReachedMoved} of ${stuckReached} pages, until ${where}`,
  };
}

function judgeUnsplit(evidence: ArmEvidence, folios: FoliosEvidence, where: string): Judgement | undefined {
  const { migrateFailedNearSet, stuckReached, stuckReachedMoved } = evidence;
  if (migrateFailedNearSet === 0) return undefined;
  const { ofOrder, wholeAfter, order, splitFailed, splitAsked } = folios;
  if (wholeAfter < ofOrder) return unknown(`${ofOrder - wholeAfter} of ${ofOrder} folios were split`);
  if (stuckReachedMoved > 0) {
    const moved = `${stuckReachedMoved} of ${stuckReached} pages reached have moved, in whole folios`;
    return inconclusive(`${moved}: free pages of their order were there still`);
  }
  if (stuckReached < 2 ** order) return undefined;
  // Else it was another folio that ended it.  Not every kernel counts those that are refused for their least order.
  if (!isOfLeastOrder(folios) && splitFailed === 0) return inconclusive(`no split was refused, but ${where}`);
  if (!isOfLeastOrder(folios) && splitFailed === null && !(splitAsked !== null && splitAsked > 0))
    return unknown('this kernel counts no splits, and none was asked for outright');
  return {
    outcome: 'failed',
    reason:
      `neither moved nor split: ${where}, with ${migrateFailedNearSet} pages failed where ` +
      `${stuckReached / 2 ** order} of ${ofOrder} folios were reached; splits of that size refused meanwhile: ${splitFailed ?? 'not counted'}`,
  };
}

/**
 * The scanner came by and took nothing from them.  Of a pageblock that is one compound page there is no event at all:
 * suitable_migration_source() leaves it out before isolate_migratepages_block() is called.
 */
function judgeHugetlb(evidence: ArmEvidence, folios: FoliosEvidence): Judgement | undefined {
  const { stuckFolios, stuckReached, stuckMoved, stuckStill } = evidence;
  const { controlFolios, controlReached, controlMoved } = evidence;
  const { pagesPassedOver, pagesInTakenRanges, order, ofOrder, wholeAfter } = folios;
  const passed = stuckReached + pagesPassedOver;
  if (passed < stuckFolios * REACHED_SHARE || stuckMoved > 0) {
    return inconclusive(`the scanner came by ${passed} of ${stuckFolios} pages, ${stuckMoved} have moved`);
  }
  const there = `${wholeAfter} of ${ofOrder} hugetlb pages are there afterwards, ${stuckStill} of ${stuckFolios} pages where they were`;
  if (wholeAfter < ofOrder || stuckStill < stuckFolios * AS_DESIGNED_SHARE) return unknown(there);
  if (pagesInTakenRanges > 0)
    return unknown(`something was isolated where ${pagesInTakenRanges} of their pages lie`);
  if (
    controlReached < controlFolios * CONTROL_SAMPLE_SHARE ||
    controlMoved < controlReached * CONTROL_MOVED_SHARE
  ) {
    return inconclusive(
      `of ${controlFolios} base pages beside them ${controlReached} were reached and ${controlMoved} moved`,
    );
  }
  return {
    outcome: 'not-attempted',
    reason:
      `the scanner passed over ${passed / 2 ** order} of ${ofOrder} hugetlb pages and isolated ` +
      `nothing from them; ${controlMoved} of ${controlReached} base pages that it reached moved`,
  };
}
