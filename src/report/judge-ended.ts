/**
 * Judges a trigger that ended by itself: moved the set, tried it and failed, or did not try.  Pure.  What was tried is
 * read from the trace, and where the folios are from pagemap.
 */
import type { ArmEvidence, CostEvidence } from './evidence.js';
import { inconclusive, type Judgement, unknown } from './judgement.js';

/** Of the folios that the scanner reached, how many must have moved for the set to count as migrated. */
const MOVED_SHARE = 0.95;
/** Of the set, how many must have been reached: less says nothing about the set, unless all of it has moved. */
const REACHED_SHARE = 0.5;
/** Of those that are reached once more after the release, how many must have moved: room runs short in the end. */
const FREED_SHARE = 0.5;
/** Of the pageblocks of the set, how many must be huge pages: some of those asked for come from elsewhere. */
const FREED_PAGEBLOCKS_SHARE = 0.25;
/** Of a set that is passed over, or moves beside it, how many must have been met: a sample, and its size is told. */
const PASSED_SHARE = 0.25;
/**
 * Of either set, how many must have moved for it to show that what can be moved is, or must be reached once more after
 * the release; their number is told.
 */
const LEAST_SHARE = 0.02;

export function judgeEnded(evidence: ArmEvidence): Judgement {
  if (evidence.cost !== undefined) return judgeAllocation(evidence, evidence.cost);
  const { stuckFolios, stuckReached, stuckReachedMoved, stuckMoved } = evidence;
  const hasMoved = stuckReachedMoved >= stuckReached * MOVED_SHARE;
  if (evidence.reach === 'asked') {
    // Asked for by address or by frame: to ask once more would be no other question.
    if (stuckReached === 0)
      return unknown(`none of the ${stuckFolios} folios was asked for${answered(evidence)}`);
  } else if (evidence.emptied?.scannedRanges === 0) {
    return unknown(emptiedNothing(evidence.emptied));
  } else if (stuckReached < stuckFolios * (hasMoved ? LEAST_SHARE : REACHED_SHARE)) {
    const { contendedAtPfn } = evidence;
    const why =
      contendedAtPfn === undefined
        ? 'the trigger ended without coming by the others'
        : `compaction of the zone ended as contended at pfn 0x${contendedAtPfn.toString(16)}`;
    const unit = evidence.folios === undefined ? 'folios' : 'pages';
    return inconclusive(`the scanner reached ${stuckReached} of ${stuckFolios} ${unit} only: ${why}`);
  }
  if (hasMoved) {
    const sampled =
      stuckReached < stuckFolios * REACHED_SHARE ? `; the scanner reached no more than ${stuckReached}` : '';
    const reason =
      evidence.reach === 'asked'
        ? `${stuckReachedMoved} of ${stuckReached} folios that were asked for are at another pfn`
        : `${stuckMoved} of ${stuckFolios} ${evidence.folios === undefined ? 'folios' : 'pages'} are at another pfn${sampled}`;
    return { outcome: 'migrated', reason: `${reason}${answered(evidence)}` };
  }
  // The control set beside them is not asked for: that asking moves folios is what the control arm shows.
  if (evidence.reach === 'asked') return judgeAsked(evidence);
  if (stuckMoved > 0)
    return unknown(`${stuckMoved} of ${stuckReached} folios that the scanner reached have moved`);
  if (evidence.stuckStill < stuckFolios * MOVED_SHARE)
    return unknown(`${evidence.stuckStill} of ${stuckFolios} folios only were seen where they had been`);
  if (evidence.controlMoved < evidence.controlReached * MOVED_SHARE || evidence.controlReached === 0) {
    return unknown('none of the folios moved, but the control set beside them did not move either');
  }
  if (evidence.migrateFailedNearSet > 0) return judgeFailed(evidence);
  return judgePassedOver(evidence);
}

/** To ask again helps no more: what keeps a range from being emptied stays, and a free one is had again. */
function emptiedNothing({ wanted, obtained, keptBy = [] }: NonNullable<ArmEvidence['emptied']>): string {
  const given = wanted === undefined ? '' : `; of ${wanted} huge pages it gave ${obtained ?? 0}`;
  return `the kernel isolated nothing to move: it took a range that was free, or found none that it could empty${given}${keptBy.map((one) => `; ${one}`).join('')}`;
}

/** That nothing failed says that nothing was tried only where the trigger is shown to try what lies beside. */
function judgePassedOver(evidence: ArmEvidence): Judgement {
  const { stuckReached, stuckFolios, controlReached, controlFolios, controlMoved } = evidence;
  const beside = `it reached ${controlReached} of ${controlFolios} beside them`;
  if (controlReached < controlFolios * PASSED_SHARE)
    return inconclusive(
      `the scanner tried none of the folios, but ${beside} only: too few to show that it tries any`,
    );
  return {
    outcome: 'not-attempted',
    reason:
      `the scanner passed over ${stuckReached} of ${stuckFolios} folios and tried none; ` +
      `${beside}, where ${controlMoved} moved`,
  };
}

/** By what was asked for: what else is in the set may lie where it was to go. */
function judgeAsked(evidence: ArmEvidence): Judgement {
  const { stuckReached, stuckReachedMoved, stuckReachedStill } = evidence;
  // Those that it left may have been busy: another set tells.
  if (stuckReachedMoved > 0)
    return inconclusive(`${stuckReachedMoved} of ${stuckReached} folios that were asked for have moved`);
  if (stuckReachedStill < stuckReached * MOVED_SHARE)
    return unknown(
      `${stuckReachedStill} of ${stuckReached} folios that were asked for only were seen where they had been`,
    );
  if (evidence.migrateFailedNearSet > 0) return judgeFailed(evidence);
  return {
    outcome: 'not-attempted',
    reason: `asked to move ${evidence.stuckReached} folios, the kernel tried none${answered(evidence)}`,
  };
}

/** What the kernel said to whoever asked. */
function answered(evidence: ArmEvidence): string {
  const { triggerAnswer, triggerResult, pageStatus } = evidence;
  const errno = triggerAnswer === undefined ? '' : `; errno ${-(triggerResult ?? 0)}: ${triggerAnswer}`;
  const pages = Object.entries(pageStatus ?? {}).map(([status, count]) => `${count} x ${status}`);
  return `${errno}${pages.length === 0 ? '' : `; page status: ${pages.join(', ')}`}${toldOfDimm(evidence)}`;
}

/** What the machine said of memory that was to be taken out, and what is left of it. */
export function toldOfDimm({ unplugged }: ArmEvidence): string {
  if (unplugged === undefined) return '';
  const { said, blocks, blocksLeft } = unplugged;
  return `; ${said}, ${blocksLeft} of ${blocks} memory blocks left`;
}

/**
 * Of a trigger that asks for huge pages, which stops as soon as it has them.  `migrated`: enough pageblocks of the set
 * are huge pages now, and the folios that lay there are elsewhere.  `not-attempted`: none is; passes that leave no folio
 * out went by a good part of the set, and the control folios there moved; and migrations failed there so seldom that hardly
 * ever one of the set can have been tried: each try of a folio that does not move counts as one failure.
 */
function judgeAllocation(evidence: ArmEvidence, cost: CostEvidence | string): Judgement {
  if (typeof cost === 'string') return unknown(cost);
  if (!cost.exhausted) return inconclusive('memory ran short before all other huge pages were taken');
  const { stuckFolios, stuckPassed, controlPassed, controlPassedMoved, controlPassedGone, controlFolios } =
    evidence;
  const { pageblocks, pageblocksFreed, stuckInFreed, stuckInFreedMoved, stuckInFreedGone } = cost;
  const freed = `${pageblocksFreed} of ${pageblocks} pageblocks of the set are huge pages now`;
  if (pageblocksFreed > 0 && pageblocksFreed >= pageblocks * FREED_PAGEBLOCKS_SHARE) {
    // Page cache that is clean may be reclaimed at any time, and then says nothing.
    const present = stuckInFreed - stuckInFreedGone;
    const moved = `${stuckInFreedMoved} of ${present} folios that lay there are at another pfn, ${stuckInFreedGone} were reclaimed`;
    if (stuckInFreedMoved < stuckFolios * LEAST_SHARE || stuckInFreedMoved < present * MOVED_SHARE)
      return inconclusive(`${freed}, but only ${moved}`);
    return { outcome: 'migrated', reason: `${freed}; ${moved}` };
  }
  if (evidence.stuckMoved > 0) return inconclusive(`${freed}; ${evidence.stuckMoved} folios have moved`);
  if (evidence.stuckStill < stuckFolios * MOVED_SHARE)
    return inconclusive(`${evidence.stuckStill} of ${stuckFolios} folios only were seen where they had been`);
  if (stuckPassed < stuckFolios * PASSED_SHARE)
    return inconclusive(`passes that leave none out went by ${stuckPassed} of ${stuckFolios} folios only`);
  const present = controlPassed - controlPassedGone;
  const beside = `${controlPassedMoved} of ${present} folios beside them moved, ${controlPassedGone} were reclaimed`;
  const least = controlFolios * LEAST_SHARE;
  const { migrateSucceededNearSet, migrateFailedNearSet, stuckMet } = evidence;
  const isTried = migrateFailedNearSet > stuckMet * (1 - MOVED_SHARE);
  // Tries that fail are followed by reclaim, and what had moved before may be gone: then the trace has it still.
  const isTraced = isTried && present < least && migrateSucceededNearSet >= least;
  if (!isTraced && (controlPassedMoved < least || controlPassedMoved < present * MOVED_SHARE))
    return inconclusive(`of those passed over only ${beside}`);
  if (isTried) {
    const judged = judgeFailed(
      evidence,
      isTraced ? `; ${migrateSucceededNearSet} beside them moved, by the trace` : '',
    );
    return judged.outcome === 'unknown' ? inconclusive(judged.reason) : judged;
  }
  return {
    outcome: 'not-attempted',
    reason:
      `the scanner met ${stuckPassed} of ${stuckFolios} folios, ${stuckMet} times in all, and tried at most ${migrateFailedNearSet} times; ` +
      `${beside}; ${freed}`,
  };
}

/**
 * Tried and not moved; and where the trigger was pulled again without the hindrance, moved then.
 * @param besides what is to be told of the folios beside the set
 */
function judgeFailed(evidence: ArmEvidence, besides = ''): Judgement {
  const { migrateFailedNearSet, stuckFolios, stuckReached, triggeredAgain } = evidence;
  const { reachedAgain, reachedAgainMoved, reachedAgainReclaimed } = evidence;
  const where = evidence.reach === 'asked' ? 'of what was asked for' : 'where the set lies';
  const tried = `attempted and failed: ${migrateFailedNearSet} ${where}; none of it moved${besides}${answered(evidence)}`;
  // A few may be those of anybody's folios beside them.
  if (migrateFailedNearSet < stuckReached * REACHED_SHARE)
    return unknown(
      `${tried}; too few for the ${stuckReached} that ${evidence.reach === 'asked' ? 'were asked for' : 'the scanner reached'}`,
    );
  if (triggeredAgain === undefined) {
    // Nothing else keeps them: without it they must move.
    if (evidence.stuckBy === 'reference')
      return unknown(`${tried}; whether they can move without it was not asked`);
    return { outcome: 'failed', reason: tried };
  }
  if (triggeredAgain !== 0) return unknown(`the trigger failed the second time: errno ${-triggeredAgain}`);
  // Whether it frees them is what is asked of a mitigation, and no condition of what was before.
  if (evidence.mitigated) return { outcome: 'failed', reason: tried };
  // Page cache that is clean is reclaimed as soon as nobody else refers to it: migration and reclaim want the same count.
  const reclaimed = reachedAgainReclaimed === 0 ? '' : `, and ${reachedAgainReclaimed} were reclaimed,`;
  const after = `${reachedAgainMoved} of ${reachedAgain} reached again`;
  const freed = reachedAgainMoved + reachedAgainReclaimed;
  const least = (evidence.reach === 'asked' ? stuckReached : stuckFolios) * LEAST_SHARE;
  if (reachedAgain < least || freed < reachedAgain * FREED_SHARE)
    return unknown(`${tried}; but only ${after} moved${reclaimed} after the release`);
  return { outcome: 'failed', reason: `${tried}; ${after} did${reclaimed} after the release` };
}
