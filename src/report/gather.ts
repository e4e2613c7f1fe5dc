/**
 * Gathers the evidence of each arm from a run directory.  Reads files and joins them; what is not there stays
 * absent, so that a run that broke off half-way is still reported as far as it got.
 */
import { KernelFileError } from '../kernel/kernel-file.js';
import type { RunDirectory } from '../record/run-directory.js';
import { ArmEvents, type EventOf } from './arm-events.js';
import { costEvidence } from './cost.js';
import { damageOfArm, unreadableFormats } from './damage.js';
import type { ArmEvidence } from './evidence.js';
import { foliosEvidence } from './folios.js';
import { FoundSet } from './found-set.js';
import { mitigationEvidence } from './mitigation.js';
import { failureInLog } from './offline-log.js';
import { serverPagesEvidence } from './server-pages.js';
import {
  countMet,
  countWithin,
  isWithin,
  lostInText,
  pidOfMigrator,
  splitAtMark,
  type TraceFacts,
  traceFacts,
} from './trace-facts.js';
import { repeats } from './unplayed.js';
import { untrustedEvidence } from './untrusted.js';
import { waiters } from './waiters.js';

export function gatherArms(run: RunDirectory): ArmEvidence[] {
  return gather(run, (starts) => starts);
}

/** Without a look at what the others recorded: their traces are long. */
export function gatherLastArm(run: RunDirectory): ArmEvidence | undefined {
  return gather(run, (starts) => starts.slice(-1)).at(0);
}

type ArmStart = EventOf<'arm-started'>;

function gather(run: RunDirectory, which: (starts: ArmStart[]) => ArmStart[]): ArmEvidence[] {
  const history = run.history();
  const repeatOf = repeats(history);
  const formats = unreadableFormats(run);
  const starts = history.events.filter((event): event is ArmStart => event.event === 'arm-started');
  return which(starts).map((start) => {
    const events = new ArmEvents(history.events, start.arm);
    const damage = damageOfArm(history, start.arm) ?? formats;
    return gatherArm(run, start, events, repeatOf(start.cell), damage);
  });
}

function gatherArm(
  run: RunDirectory,
  start: EventOf<'arm-started'>,
  events: ArmEvents,
  repeat: number,
  damage: string | undefined,
): ArmEvidence {
  const named = events.first('set-named');
  const held = events.first('held')?.held ?? [];
  const ended = events.first('trigger-ended');
  const released = events.first('released');
  const traceEnded = events.first('trace-ended');
  const triggerStarted = events.first('trigger-started');
  const trace = traceEnded === undefined ? undefined : run.read(traceEnded.trace);
  const again = events.first('triggered-again');
  const untilUs = released === undefined ? Number.POSITIVE_INFINITY : released.askedNs / 1000;
  const endedAfterRelease = ended !== undefined && released !== undefined && ended.endedNs > released.askedNs;
  const { facts, factsAgain, pid, unreadable } = readTrace(
    trace,
    start.byWorker,
    triggerStarted?.mark,
    again?.mark,
    untilUs,
  );
  const set = new FoundSet(run, named);
  const { stuckPfns, controlPfns } = set;
  const found = events.first('set-found');
  const holdEnded = events.first('hold-ended');
  const atHoldEnd = holdEnded ?? found;
  const { reach } = start;
  const isReached = reachedBy(reach, ended?.asked, facts);
  const isReachedAgain = reachedBy(reach, ended?.asked, factsAgain);
  const isReclaimedAgain = again === undefined ? () => false : set.isReclaimed(found);
  const ascending = stuckPfns.slice().sort();
  const batchesNearSet = (facts?.batches ?? []).filter(
    ({ ranges }) => reach === 'asked' || countMet(ascending, ranges) > 0,
  );
  const vmstat = events.all('vmstat');
  const verified = events.first('verified');
  const scene = { start, events, facts, held, stuck: named?.stuck, stuckPfns };

  return {
    arm: start.arm,
    cell: start.cell,
    repeat,
    kind: start.kind,
    variant: start.variant ?? undefined,
    scenario: start.scenario,
    transport: start.transport,
    trigger: start.trigger,
    mitigation: start.mitigation,
    attempt: start.attempt,
    failure:
      events.first('arm-failed')?.reason ??
      damage ??
      missingArtifact(traceEnded, trace) ??
      unreadable ??
      set.incomplete([holdEnded, found]) ??
      (events.first('arm-ended') === undefined ? 'the record ends before the arm did' : undefined),
    stuckBy: start.stuckBy,
    delayMs: start.delayMs ?? undefined,
    letGo: released?.by,
    allHangs: start.allHangs,
    heldRequests: held.length,
    heldOthers: held.filter(({ opcode }) => !heldForTheSet.has(opcode)).length,
    heldBytes: held.reduce((sum, request) => sum + (request.size ?? 0), 0),
    releasedRequests: released?.requests,
    heldFolios: set.covered(held),
    stuckFolios: stuckPfns.length,
    stuckWriteback: set.writeback,
    stuckLocked: set.locked,
    stuckStill: set.stuckStill(atHoldEnd),
    stuckReachedStill: set.stuckStill(atHoldEnd, isReached),
    writebackInPlace: writebackInPlace(start, stuckPfns.length, set.writeback, vmstat),
    stuckReached: stuckPfns.filter(isReached).length,
    stuckReachedMoved: set.stuckMoved(atHoldEnd, isReached),
    stuckMoved: set.stuckMoved(atHoldEnd),
    stuckPassed: countWithin(stuckPfns, facts?.passed ?? []),
    stuckMet: countMet(ascending, facts?.passes ?? []),
    controlPassed: countWithin(controlPfns, facts?.passed ?? []),
    controlPassedMoved: set.controlMoved(atHoldEnd, (pfn) => isWithin(pfn, facts?.passed ?? [])),
    controlPassedGone: set.controlGone(atHoldEnd, (pfn) => isWithin(pfn, facts?.passed ?? [])),
    cost: costEvidence(events, set, atHoldEnd),
    controlFolios: controlPfns.length,
    controlReached: countWithin(controlPfns, facts?.scanned ?? []),
    controlMoved: set.controlMoved(atHoldEnd),
    stuckMovedAtEnd: set.stuckMoved(found),
    stuckReachedMovedAtEnd: set.stuckMoved(found, isReached),
    triggerMs: ended === undefined ? undefined : (ended.endedNs - ended.startedNs) / 1e6,
    triggerResult: ended?.result,
    triggerAnswer: start.answers?.find(({ errno }) => errno === -(ended?.result ?? 0))?.means,
    reach,
    emptied:
      start.emptiesRange !== true || ended === undefined || facts === undefined
        ? undefined
        : {
            wanted: ended.wanted,
            obtained: ended.obtained,
            scannedRanges: facts.scanned.length,
            keptBy: ended.keptBy,
          },
    waitsBeforeMigration: start.waitsBeforeMigration,
    pageStatus: ended?.pageStatus,
    unplugged: ended?.unplugged,
    triggerEndedAfterRelease: endedAfterRelease,
    logged: failureInLog(run.read(`dmesg-${start.arm}.txt`) ?? '', stuckPfns),
    triggeredAgain: again?.result,
    reachedAgain: stuckPfns.filter((pfn, index) => isReachedAgain(pfn) || isReclaimedAgain(index)).length,
    reachedAgainMoved: set.stuckMoved(found, isReachedAgain),
    reachedAgainReclaimed: stuckPfns.filter((_, index) => isReclaimedAgain(index)).length,
    endAfterReleaseMs: endedAfterRelease ? (ended.endedNs - released.askedNs) / 1e6 : undefined,
    heldMs:
      ended === undefined || released === undefined ? undefined : (released.askedNs - ended.startedNs) / 1e6,
    resumedAfterReleaseMs:
      facts?.resumedUs === undefined || released === undefined
        ? undefined
        : facts.resumedUs / 1000 - released.askedNs / 1e6,
    resumedPages: facts?.resumedPages,
    releaseTookMs: released?.doneNs === undefined ? undefined : (released.doneNs - released.askedNs) / 1e6,
    stallMs:
      facts?.resumedUs === undefined || facts.waitingSinceUs === undefined
        ? undefined
        : (facts.resumedUs - facts.waitingSinceUs) / 1000,
    locatedInTime:
      released?.by !== 'delay' || (holdEnded !== undefined && holdEnded.atNs <= released.askedNs),
    contendedAtPfn: facts?.ended.find(({ status }) => status === 'contended')?.migratePfn,
    migrateSucceeded: facts?.migrateSucceeded ?? 0,
    migrateFailed: facts?.migrateFailed ?? 0,
    migrateSucceededNearSet: batchesNearSet.reduce((sum, { succeeded }) => sum + succeeded, 0),
    migrateFailedNearSet: batchesNearSet.reduce((sum, { failed }) => sum + failed, 0),
    unfinishedMigrations: facts?.unfinished ?? 0,
    lostEvents: (traceEnded?.lostEvents ?? 0) + (trace === undefined ? 0 : lostInText(trace)),
    waiters: waiters(scene),
    waitsIn: start.waitsIn,
    writebackBefore: vmstat.find((sample) => sample.when === 'arm-started')?.counters['nr_writeback'],
    writebackAfter: vmstat.find((sample) => sample.when === 'verified')?.counters['nr_writeback'],
    untrusted: untrustedEvidence(start, events),
    serverPages: serverPagesEvidence({
      start,
      events,
      run,
      trace,
      stuckPfns,
      countMoved: (counts) => set.stuckMoved(atHoldEnd, counts),
    }),
    mitigated: mitigationEvidence({
      start,
      events,
      trace,
      pid,
      set,
      held,
      reachedAgain: countWithin(stuckPfns, factsAgain?.scanned ?? []),
    }),
    folios: foliosEvidence(start, events, run, facts),
    nfs: start.nfs === true,
    downMs: released?.downMs,
    repliesRefused: events.first('answered')?.refused,
    verified: verified !== undefined,
    corrupt: verified === undefined ? [] : corruptions(verified),
  };
}

const heldForTheSet: ReadonlySet<string> = new Set(['FUSE_WRITE', 'FUSE_READ', 'NFS_WRITE']);

/** Which frames the trigger got to: where compaction isolated from, or what the trigger says that it asked for. */
function reachedBy(
  reach: 'asked' | undefined,
  asked: EventOf<'trigger-ended'>['asked'],
  facts: TraceFacts | undefined,
): (pfn: number) => boolean {
  if (reach !== 'asked') return (pfn) => isWithin(pfn, facts?.scanned ?? []);
  return (pfn) => (asked ?? []).some(([start, end]) => pfn >= start && pfn < end);
}

interface ReadTrace {
  readonly pid?: number;
  readonly facts?: TraceFacts;
  /** Of the trigger that was pulled once more. */
  readonly factsAgain?: TraceFacts;
  readonly unreadable?: string;
}

function readTrace(
  trace: string | undefined,
  byWorker: string | undefined,
  mark: string | undefined,
  markAgain: string | undefined,
  untilUs: number,
): ReadTrace {
  if (trace === undefined || mark === undefined) return {};
  try {
    const [first, second] = markAgain === undefined ? [trace] : splitAtMark(trace, markAgain);
    const pid = pidOfMigrator(first, mark, byWorker);
    if (pid === undefined) return { unreadable: "the trace has no mark of the trigger's task" };
    const facts = traceFacts(first, pid, untilUs);
    if (second === undefined || markAgain === undefined) return { pid, facts };
    // Another worker may do it then.
    const pidAgain = pidOfMigrator(second, markAgain, byWorker) ?? pid;
    return { pid, facts, factsAgain: traceFacts(second, pidAgain, Number.POSITIVE_INFINITY) };
  } catch (error) {
    // A line of a form that we do not know costs this arm its verdict, and no other's.
    if (error instanceof KernelFileError) return { unreadable: error.message };
    throw error;
  }
}

function missingArtifact(traceEnded: EventOf<'trace-ended'> | undefined, trace: string | undefined) {
  if (traceEnded === undefined) return 'the run ended before its trace did';
  return trace === undefined ? `${traceEnded.trace} is missing from the run directory` : undefined;
}

/**
 * What this kernel does with a folio whose WRITE is out, as the run saw it: WRITEBACK on the folios themselves, or as
 * many temporary pages (NR_WRITEBACK_TEMP).  Where no folio is under writeback to look at, a kernel that does not
 * even count temporary pages (6.18) has none: FUSE was their only maker.  undefined where there is no telling.
 */
function writebackInPlace(
  { kind, stuckBy, nfs }: EventOf<'arm-started'>,
  stuckFolios: number,
  stuckWriteback: number,
  vmstat: readonly EventOf<'vmstat'>[],
): boolean | undefined {
  // What NFS does says nothing about FUSE.
  if (kind !== 'fault' || stuckFolios === 0 || nfs === true) return undefined;
  const temporary = (when: string) =>
    vmstat.find((sample) => sample.when === when)?.counters['nr_writeback_temp'];
  if (stuckBy !== 'writeback') return temporary('arm-started') === undefined ? true : undefined;
  if (stuckWriteback === stuckFolios) return true;
  const copies = (temporary('trigger-started') ?? 0) - (temporary('arm-started') ?? 0);
  return stuckWriteback === 0 && copies >= stuckFolios ? false : undefined;
}

function corruptions(verified: EventOf<'verified'>): string[] {
  const names = ['stuck file', 'control file'];
  return names.flatMap((name, index) => {
    const told = verified.fsync[index] ?? null;
    const cached = verified.cached[index] ?? -1;
    const served = verified.served[index] ?? -1;
    return [
      ...(told === null ? [] : [`${name}: fsync said ${told}`]),
      ...(cached < 0 ? [] : [`${name}: wrong byte at offset ${cached} in the page cache`]),
      ...(served < 0 ? [] : [`${name}: wrong byte at offset ${served} as served`]),
    ];
  });
}
