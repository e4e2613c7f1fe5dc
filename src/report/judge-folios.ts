/**
 * Judges arms about large folios: whether the folios were what the design says, and what became of them under the
 * trigger.  Pure; outcome.ts asks here first where an arm has `folios`.
 */
import type { ArmEvidence } from './evidence.js';
import type { FoliosEvidence } from './folios.js';

/** Of the set, how much must be folios as the design wants them. */
const AS_DESIGNED_SHARE = 0.95;

/** Why the folios are not what the arm is about; undefined where they are. */
export function notFolios(folios: FoliosEvidence | null | undefined, pages: number): string | undefined {
  if (folios === undefined) return undefined;
  if (folios === null) return 'the folios were not recorded';
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
    (folios.blockBytes === 4096 && state !== 'clean'
      ? must(withState, state === 'dirty-whole', "have iomap's state")
      : undefined)
  );
}

export interface FolioOutcome {
  readonly outcome: 'failed' | 'migrated' | 'not-attempted' | 'unknown';
  readonly reason: string;
  readonly inconclusive?: true;
}

/** So many folios that were moved, in whole or in parts, show that such folios are. */
const ENOUGH_FOLIOS = 16;
/** What is isolated at a time comes out of one pageblock. */
const PAGEBLOCK_PAGES = 512;
const REACHED_SHARE = 0.5;
const CONTROL_MOVED_SHARE = 0.95;

/** @returns undefined where the rules for any other set apply */
export function judgeFolios(evidence: ArmEvidence): FolioOutcome | undefined {
  const { folios, contendedAtPfn, kind } = evidence;
  if (!folios) return undefined;
  if (folios.memory === 'hugetlb') return judgeHugetlb(evidence, folios);
  // Ended by the first folio, of whomever, that neither moved nor was split.
  if (folios.memory !== 'xfs' || contendedAtPfn === undefined) return undefined;
  const where = `compaction of the zone ended as contended at pfn 0x${contendedAtPfn.toString(16)}`;
  return kind === 'fault' ? judgeUnsplit(evidence, folios, where) : judgeSplit(evidence, folios, where);
}

/** All that was reached has moved, but for what was isolated when compaction ended. */
function judgeSplit(
  { stuckReached, stuckReachedMoved }: ArmEvidence,
  { order, ofOrder, wholeAfter, movedWhole }: FoliosEvidence,
  where: string,
): FolioOutcome | undefined {
  const enough = ENOUGH_FOLIOS * 2 ** order;
  if (stuckReachedMoved < enough || stuckReached - stuckReachedMoved > PAGEBLOCK_PAGES) return undefined;
  const how = `${ofOrder - wholeAfter} of ${ofOrder} folios were split, ${movedWhole} moved whole`;
  return {
    outcome: 'migrated',
    reason: `${how}: ${stuckReachedMoved} of ${stuckReached} pages, until ${where}`,
  };
}

function judgeUnsplit(
  evidence: ArmEvidence,
  folios: FoliosEvidence,
  where: string,
): FolioOutcome | undefined {
  const { migrateFailedNearSet, stuckReached, stuckReachedMoved } = evidence;
  if (migrateFailedNearSet === 0) return undefined;
  const unknown = (reason: string): FolioOutcome => ({ outcome: 'unknown', reason });
  const { ofOrder, wholeAfter, order, splitFailed } = folios;
  if (wholeAfter < ofOrder) return unknown(`${ofOrder - wholeAfter} of ${ofOrder} folios were split`);
  if (stuckReachedMoved > 0) {
    const moved = `${stuckReachedMoved} of ${stuckReached} pages reached have moved, in whole folios`;
    return { ...unknown(`${moved}: free pages of their order were there still`), inconclusive: true };
  }
  // Where the kernel counts refused splits, one must be: else it was another folio that ended it.
  if (stuckReached < 2 ** order || splitFailed === 0) return undefined;
  return {
    outcome: 'failed',
    reason:
      `neither moved nor split: ${where}, with ${migrateFailedNearSet} pages failed where ` +
      `${stuckReached / 2 ** order} of ${ofOrder} folios were reached; splits refused: ${splitFailed ?? 'not counted'}`,
  };
}

/** The scanner was there and took nothing from them. */
function judgeHugetlb(evidence: ArmEvidence, folios: FoliosEvidence): FolioOutcome | undefined {
  const { stuckFolios, stuckReached, stuckMoved, controlReached, controlMoved } = evidence;
  if (stuckReached < stuckFolios * REACHED_SHARE || stuckMoved > 0) return undefined;
  if (folios.pagesInTakenRanges > 0) return undefined;
  if (controlReached === 0 || controlMoved < controlReached * CONTROL_MOVED_SHARE) return undefined;
  return {
    outcome: 'not-attempted',
    reason:
      `the scanner passed over ${stuckReached / 2 ** folios.order} of ${folios.ofOrder} hugetlb pages and isolated ` +
      `nothing from them; ${controlMoved} of ${controlReached} base pages that it reached moved`,
  };
}
