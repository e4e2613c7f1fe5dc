/**
 * Judges one arm from its evidence: what became of the stuck set under the trigger (DESIGN.md section 8).
 * Pure.  Whatever is not proven is `unknown`, with the reason; no guess is made from a trace with holes.
 */
import type { LetGo } from '../record/events.js';
import type { ArmEvidence, CostEvidence } from './evidence.js';
import { notServerPages } from './server-pages.js';
import { notUntrusted } from './untrusted.js';

export type Outcome = 'migrated' | 'stalled' | 'failed' | 'not-attempted' | 'unknown';

export interface Judgement {
  readonly outcome: Outcome;
  /** Why it is unknown; or, for any other outcome, what proves it. */
  readonly reason: string;
  /** The experiment did not take place: to repeat it may help, and hides nothing. */
  readonly inconclusive?: true;
}

/** Of the folios that the scanner reached, how many must have moved for the set to count as migrated. */
const MOVED_SHARE = 0.95;
/** Of the set, how many must have been reached: less says nothing about the set. */
const REACHED_SHARE = 0.5;
/** Of those that are reached once more after the release, how many must have moved: room runs short in the end. */
const FREED_SHARE = 0.5;
/** Of the pageblocks of the set, how many must be huge pages: some of those asked for come from elsewhere. */
const FREED_PAGEBLOCKS_SHARE = 0.25;
/** Of a set that is passed over, or moves beside it, how many must have been met: a sample, and its size is told. */
const PASSED_SHARE = 0.25;
/** Of either set, how many must have moved for it to show that what can be moved is. */
const LEAST_MOVED_SHARE = 0.02;
/** The migration that waited ends within this after the release. */
const RESUME_MS = 1000;
/** And so much later for each page that it has yet to move: a memory block is moved by one migrate_pages(). */
const RESUME_MS_PER_PAGE = 0.25;
/** nr_writeback is of the whole machine: others may write 1 MiB meanwhile. */
const WRITEBACK_TOLERANCE_PAGES = 256;

const unknown = (reason: string): Judgement => ({ outcome: 'unknown', reason });
const inconclusive = (reason: string): Judgement => ({ ...unknown(reason), inconclusive: true });

export function judge(evidence: ArmEvidence): Judgement {
  if (evidence.failure !== undefined) {
    // The kernel's clock may run out before the trigger waits, on a machine that is busy.
    const isRace = evidence.mitigation === 'request-timeout' && evidence.letGo === undefined;
    return (isRace ? inconclusive : unknown)(evidence.failure);
  }
  const missing = incomplete(evidence);
  if (missing !== undefined) return unknown(missing);
  if (evidence.lostEvents > 0) return unknown(`the trace lost ${evidence.lostEvents} events`);
  const notUser = notUntrusted(evidence.untrusted, evidence.kind === 'fault');
  if (notUser !== undefined) return unknown(notUser);
  const notGiven = notServerPages(evidence.serverPages, evidence.stuckFolios);
  if (notGiven !== undefined) return unknown(notGiven);
  // Of a server that gives its pages away nothing is withheld.
  if (evidence.kind === 'fault' && evidence.serverPages?.wanted !== 'all') {
    const unconfirmed = unconfirmedStuckSet(evidence);
    if (unconfirmed !== undefined) return tooLate(evidence)(unconfirmed);
    if (evidence.triggerEndedAfterRelease) return judgeStalled(evidence);
  }
  return judgeEnded(evidence);
}

/** A delay runs out by itself: on a machine that is busy perhaps before everything is seen. */
function tooLate({ letGo }: ArmEvidence): (reason: string) => Judgement {
  return letGo === 'delay' ? inconclusive : unknown;
}

function incomplete(evidence: ArmEvidence): string | undefined {
  if (evidence.stuckFolios === 0) return 'the run ended before the stuck set was named';
  if (evidence.triggerMs === undefined) return 'the run ended before the trigger did';
  if (evidence.triggerResult !== 0 && evidence.triggerAnswer === undefined)
    return `the trigger failed: errno ${-(evidence.triggerResult ?? 0)}`;
  // Where nothing is withheld, nothing is let go.
  if (evidence.stuckBy !== null && evidence.letGo === undefined) return 'the run ended before the release';
  if (evidence.mitigated === null) return 'the run ended before what the mitigation did was seen';
  if (evidence.mitigated?.endsConnection === null)
    return 'there is no event mitigated: that it acted, and what was lost, is not known';
  if (evidence.mitigation === 'bdi-limit' && evidence.mitigated?.limits?.stoppedWriter !== true)
    return 'the writer was never seen to be stopped: how much the limits let it have is not known';
  const wrong = evidence.mitigated?.endsConnection === true ? undefined : wrongWithServer(evidence);
  if (wrong !== undefined) return wrong;
  const { writebackBefore, writebackAfter } = evidence;
  if (writebackBefore === undefined || writebackAfter === undefined) return 'nr_writeback was not recorded';
  if (writebackAfter > writebackBefore + WRITEBACK_TOLERANCE_PAGES) {
    return `nr_writeback did not come back: ${writebackBefore} before, ${writebackAfter} after`;
  }
  return undefined;
}

/** What a server that could be asked to the end has to have done; after its end what is lost is a result. */
function wrongWithServer(evidence: ArmEvidence): string | undefined {
  if (evidence.corrupt.length > 0) return `data lost: ${evidence.corrupt.join('; ')}`;
  if (!evidence.verified) return 'the run ended before its data was verified';
  const { repliesRefused } = evidence;
  if (repliesRefused === undefined) return 'its replies were not counted';
  if (repliesRefused > 0)
    return `the kernel refused ${repliesRefused} of the replies: answered more than once, or malformed`;
  return undefined;
}

/** The daemon's word and the kernel's flags must agree that the set is stuck. */
function unconfirmedStuckSet(evidence: ArmEvidence): string | undefined {
  const { stuckFolios, heldFolios, heldRequests, releasedRequests } = evidence;
  if (heldFolios < stuckFolios) {
    return `the daemon holds requests for ${heldFolios} of ${stuckFolios} folios only`;
  }
  if (evidence.allHangs && evidence.heldOthers === 0) return 'no other request was seen to hang';
  const unmarked = unmarkedFolios(evidence);
  if (unmarked !== undefined) return unmarked;
  if ((releasedRequests ?? heldRequests) < heldRequests) {
    return `${releasedRequests} of ${heldRequests} requests were still held when they were let go`;
  }
  return undefined;
}

function unmarkedFolios(evidence: ArmEvidence): string | undefined {
  const { stuckBy, stuckFolios, stuckWriteback, stuckLocked } = evidence;
  switch (stuckBy) {
    case 'writeback':
      return evidence.writebackInPlace === undefined
        ? `kpageflags shows WRITEBACK on ${stuckWriteback} of ${stuckFolios} held folios, and no temporary pages make up for the rest`
        : undefined;
    case 'lock':
      return stuckLocked < stuckFolios
        ? `kpageflags shows LOCKED without UPTODATE on ${stuckLocked} of ${stuckFolios} held folios`
        : undefined;
    case 'reference':
      return stuckWriteback > 0
        ? `kpageflags still shows WRITEBACK on ${stuckWriteback} of ${stuckFolios} folios`
        : undefined;
    case null:
      return 'the fault arm does not say what keeps its folios';
  }
}

function judgeStalled(evidence: ArmEvidence): Judgement {
  const waiter = evidence.waiters.find((candidate) => candidate.role === 'trigger');
  const end = endOf(evidence.letGo);
  if (waiter === undefined)
    return tooLate(evidence)(
      `the trigger did not end before the ${end}, but was never seen in D state while it waited`,
    );
  const { waitsIn } = evidence;
  if (waitsIn === null || !waiter.stack.includes(waitsIn)) {
    return unknown(
      `the trigger waited in ${waiter.stack[0] ?? 'an unreadable stack'}, not in ${waitsIn ?? 'any'}`,
    );
  }
  if (evidence.unfinishedMigrations === 0 && evidence.waitsBeforeMigration !== true) {
    return unknown(`the trace shows no mm_migrate_pages_start without its mm_migrate_pages at the ${end}`);
  }
  if (waiter.waitsFor === undefined)
    return unknown('the trace does not name the folio that the trigger waited for');
  if (waiter.waitsFor.unique === undefined) {
    const { inode, index } = waiter.waitsFor;
    return unknown(
      `inode ${inode} index ${index}, which the trigger waited for, is covered by no held request`,
    );
  }
  if (!evidence.locatedInTime)
    return inconclusive('the folios were located only after the first of the delayed answers was due');
  if (evidence.stuckMoved > 0)
    return unknown(`${evidence.stuckMoved} folios moved while their requests were held`);
  if (evidence.stuckBy === 'lock' && evidence.stuckStill < evidence.stuckFolios)
    return unknown(`${evidence.stuckStill} of ${evidence.stuckFolios} folios were still locked at the end`);
  const resumedMs = evidence.resumedAfterReleaseMs;
  const resumedPages = evidence.resumedPages ?? 0;
  const mostMs = RESUME_MS + resumedPages * RESUME_MS_PER_PAGE;
  if (resumedMs === undefined || resumedMs > mostMs) {
    const when = resumedMs === undefined ? 'never' : `${resumedMs.toFixed(0)} ms after the ${end}`;
    return unknown(
      `the migration that waited ended ${when}, not within ${(mostMs / 1000).toFixed(1)} s for its ${resumedPages} pages`,
    );
  }
  return {
    outcome: 'stalled',
    reason: `in ${waitsIn} until the ${end}; the migration went on ${resumedMs.toFixed(0)} ms after it`,
  };
}

/** What ended the hold, as people read it. */
export function endOf(letGo: LetGo | undefined): string {
  switch (letGo) {
    case 'delay':
      return 'first delayed answer';
    case 'abort':
      return 'abort';
    case 'kill-server':
      return 'death of the server';
    case 'request-timeout':
      return "kernel's timeout";
    default:
      return 'release';
  }
}

function judgeEnded(evidence: ArmEvidence): Judgement {
  if (evidence.cost !== undefined) return judgeAllocation(evidence, evidence.cost);
  const { stuckFolios, stuckReached, stuckReachedMoved, stuckMoved } = evidence;
  if (evidence.reach === 'asked') {
    // Asked for by address or by frame: to ask once more would be no other question.
    if (stuckReached === 0)
      return unknown(`none of the ${stuckFolios} folios was asked for${answered(evidence)}`);
  } else if (stuckReached < stuckFolios * REACHED_SHARE) {
    const { contendedAtPfn } = evidence;
    const why =
      contendedAtPfn === undefined
        ? 'the scanners met below them'
        : `compaction of the zone ended as contended at pfn 0x${contendedAtPfn.toString(16)}`;
    return inconclusive(`the scanner reached ${stuckReached} of ${stuckFolios} folios only: ${why}`);
  }
  if (stuckReachedMoved >= stuckReached * MOVED_SHARE) {
    const reason =
      evidence.reach === 'asked'
        ? `${stuckReachedMoved} of ${stuckReached} folios that were asked for are at another pfn`
        : `${stuckMoved} of ${stuckFolios} folios are at another pfn`;
    return { outcome: 'migrated', reason: `${reason}${answered(evidence)}` };
  }
  if (stuckMoved > 0)
    return unknown(`${stuckMoved} of ${stuckReached} folios that the scanner reached have moved`);
  if (evidence.stuckStill < stuckFolios * MOVED_SHARE)
    return unknown(`${evidence.stuckStill} of ${stuckFolios} folios only were seen where they had been`);
  // The control set beside them is not asked for: that asking moves folios is what the control arm shows.
  if (evidence.reach === 'asked') return judgeAsked(evidence);
  if (evidence.controlMoved < evidence.controlReached * MOVED_SHARE || evidence.controlReached === 0) {
    return unknown('none of the folios moved, but the control set beside them did not move either');
  }
  if (evidence.migrateFailedNearSet > 0) return judgeFailed(evidence);
  return judgePassedOver(evidence);
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

function judgeAsked(evidence: ArmEvidence): Judgement {
  if (evidence.migrateFailedNearSet > 0) return judgeFailed(evidence);
  return {
    outcome: 'not-attempted',
    reason: `asked to move ${evidence.stuckReached} folios, the kernel tried none${answered(evidence)}`,
  };
}

/** What the kernel said to whoever asked. */
function answered({ triggerAnswer, triggerResult, pageStatus }: ArmEvidence): string {
  const errno = triggerAnswer === undefined ? '' : `; errno ${-(triggerResult ?? 0)}: ${triggerAnswer}`;
  const pages = Object.entries(pageStatus ?? {}).map(([status, count]) => `${count} x ${status}`);
  return `${errno}${pages.length === 0 ? '' : `; page status: ${pages.join(', ')}`}`;
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
    if (stuckInFreedMoved < stuckFolios * LEAST_MOVED_SHARE || stuckInFreedMoved < present * MOVED_SHARE)
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
  if (controlPassedMoved < controlFolios * LEAST_MOVED_SHARE || controlPassedMoved < present * MOVED_SHARE)
    return inconclusive(`of those passed over only ${beside}`);
  const { migrateFailedNearSet, stuckMet } = evidence;
  if (migrateFailedNearSet > stuckMet * (1 - MOVED_SHARE)) {
    const judged = judgeFailed(evidence);
    return judged.outcome === 'unknown' ? inconclusive(judged.reason) : judged;
  }
  return {
    outcome: 'not-attempted',
    reason:
      `the scanner met ${stuckPassed} of ${stuckFolios} folios, ${stuckMet} times in all, and tried at most ${migrateFailedNearSet} times; ` +
      `${beside}; ${freed}`,
  };
}

/** Tried and not moved; and where the trigger was pulled again without the hindrance, moved then. */
function judgeFailed(evidence: ArmEvidence): Judgement {
  const { migrateFailedNearSet, stuckReached, triggeredAgain, reachedAgain, reachedAgainMoved } = evidence;
  const where = evidence.reach === 'asked' ? 'of what was asked for' : 'where the set lies';
  const tried = `attempted and failed: ${migrateFailedNearSet} ${where}; none of it moved${answered(evidence)}`;
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
  const after = `${reachedAgainMoved} of ${reachedAgain} reached again`;
  if (reachedAgain === 0 || reachedAgainMoved < reachedAgain * FREED_SHARE)
    return unknown(`${tried}; but only ${after} moved after the release`);
  return { outcome: 'failed', reason: `${tried}; ${after} did after the release` };
}
