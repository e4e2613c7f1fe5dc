/**
 * Judges one arm from its evidence: what became of the stuck set under the trigger (DESIGN.md section 8).
 * Pure.  Whatever is not proven is `unknown`, with the reason; no guess is made from a trace with holes.
 */
import type { LetGo } from '../record/arm-design.js';
import { waitsIn } from '../record/waits-in.js';
import type { ArmEvidence } from './evidence.js';
import { judgeEnded, toldOfDimm } from './judge-ended.js';
import { judgeFolios, notFolios } from './judge-folios.js';
import { judgeLooped } from './judge-looped.js';
import { inconclusive, type Judgement, unknown } from './judgement.js';
import { notServerPages } from './server-pages.js';
import { notUntrusted } from './untrusted.js';

export type { Judgement, Outcome } from './judgement.js';

/** The migration that waited ends within this after the release was done. */
const RESUME_MS = 1000;
/** And so much later for each page that it has yet to move: a memory block is moved by one migrate_pages(). */
const RESUME_MS_PER_PAGE = 0.25;
/** After a link is up TCP waits out its retransmission timer first, which has doubled for as long as it was down. */
const RESEND_SHARE = 1.5;
/** nr_writeback is of the whole machine: others may write 1 MiB meanwhile. */
const WRITEBACK_TOLERANCE_PAGES = 256;

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
  if (evidence.folios === null) return unknown('the folios were not recorded');
  const notAsDesigned = notFolios(evidence.folios, evidence.stuckFolios);
  // Somebody else may have written them back, or taken the room.
  if (notAsDesigned !== undefined) return inconclusive(notAsDesigned);
  if (evidence.folios !== undefined) return judgeFolios(evidence) ?? judgeEnded(evidence);
  // Of a server that gives its pages away nothing is withheld.
  if (evidence.kind === 'fault' && evidence.serverPages?.wanted !== 'all') {
    const unconfirmed = unconfirmedStuckSet(evidence);
    if (unconfirmed !== undefined) return tooLate(evidence)(unconfirmed);
    if (evidence.triggerEndedAfterRelease) {
      if (evidence.stuckBy === 'reference' && evidence.reach === 'asked') return judgeLooped(evidence);
      return movedMeanwhile(evidence) ?? judgeStalled(evidence);
    }
  }
  return judgeEnded(evidence);
}

/**
 * What the scanner reached was elsewhere before it was let go: a trigger that nobody saw wait was at other pages still, on a
 * machine that is busy.
 */
function movedMeanwhile(evidence: ArmEvidence): Judgement | undefined {
  const { waiters, locatedInTime, cost, reach } = evidence;
  if (waiters.some(({ role }) => role === 'trigger') || !locatedInTime) return undefined;
  // One call moves all that was asked for, or fills the pool: while it goes on there is no answer.
  if (cost !== undefined || reach === 'asked') return undefined;
  const judged = judgeEnded(evidence);
  return judged.outcome === 'migrated' ? judged : undefined;
}

/** A delay runs out by itself: on a machine that is busy perhaps before everything is seen. */
function tooLate({ letGo }: ArmEvidence): (reason: string) => Judgement {
  return letGo === 'delay' ? inconclusive : unknown;
}

function incomplete(evidence: ArmEvidence): string | undefined {
  if (evidence.stuckFolios === 0) return 'the run ended before the stuck set was named';
  if (evidence.triggerMs === undefined) return 'the run ended before the trigger did';
  if (evidence.triggerResult !== 0 && evidence.triggerAnswer === undefined)
    return `the trigger failed: errno ${-(evidence.triggerResult ?? 0)}${toldOfDimm(evidence)}`;
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
  // Without a server nothing is answered, and dirty folios may be left for later.
  if (evidence.folios !== undefined || evidence.nfs) return undefined;
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
    return evidence.nfs
      ? `the trace has unanswered WRITEs for ${heldFolios} of ${stuckFolios} folios only`
      : `the daemon holds requests for ${heldFolios} of ${stuckFolios} folios only`;
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
      if (evidence.nfs)
        return stuckWriteback < stuckFolios
          ? `kpageflags shows WRITEBACK on ${stuckWriteback} of ${stuckFolios} folios of NFS`
          : undefined;
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
  // Where it moves what is held it is only slow: on a machine that is busy.
  if (waiter === undefined)
    return (evidence.stuckMoved > 0 ? inconclusive : tooLate(evidence))(
      `the trigger did not end before the ${end}, but was never seen in D state while it waited`,
    );
  const expected = evidence.waitsIn;
  const seen = expected === null ? undefined : waitsIn(waiter.stack, expected);
  if (seen === undefined) {
    return unknown(
      `the trigger waited in ${waiter.stack[0] ?? 'an unreadable stack'}, not in ${expected ?? 'any'}`,
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
  const mostMs =
    (evidence.releaseTookMs ?? 0) +
    (evidence.downMs ?? 0) * RESEND_SHARE +
    RESUME_MS +
    resumedPages * RESUME_MS_PER_PAGE;
  if (resumedMs === undefined || resumedMs > mostMs) {
    const when = resumedMs === undefined ? 'never' : `${resumedMs.toFixed(0)} ms after the ${end}`;
    return unknown(
      `the migration that waited ended ${when}, not within ${(mostMs / 1000).toFixed(1)} s for its ${resumedPages} pages`,
    );
  }
  return {
    outcome: 'stalled',
    reason: `in ${seen} until the ${end}; the migration went on ${resumedMs.toFixed(0)} ms after it`,
  };
}

/** What ended the hold, as people read it. */
export function endOf(letGo: LetGo | undefined): string {
  switch (letGo) {
    case 'delay':
      return 'first delayed answer';
    case 'link-up':
      return 'link was up';
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
