/**
 * Gathers the evidence of each arm from a run directory.  Reads files and joins them; what is not there stays
 * absent, so that a run that broke off half-way is still reported as far as it got.
 */
import { PAGE_BYTES } from '../base/page-size.js';
import { Kpf } from '../kernel/kpageflags.js';
import type { ArmKind, HeldRequestRecord, RunEvent, SetRecord } from '../record/events.js';
import type { RunDirectory } from '../record/run-directory.js';
import type { ArmEvidence, Waiter } from './evidence.js';
import { countWithin, isWithin, lostInText, pidOfMark, type TraceFacts, traceFacts } from './trace-facts.js';

type EventOf<Name extends RunEvent['event']> = Extract<RunEvent, { event: Name }>;

export function gatherArms(run: RunDirectory): ArmEvidence[] {
  const events = run.events();
  return events
    .filter((event): event is EventOf<'arm-started'> => event.event === 'arm-started')
    .map((start) => gatherArm(run, start, new ArmEvents(events, start.arm)));
}

/** The events of one arm, by name. */
class ArmEvents {
  private readonly own: readonly RunEvent[];

  constructor(events: readonly RunEvent[], arm: number) {
    this.own = events.filter((event) => 'arm' in event && event.arm === arm);
  }

  first<Name extends RunEvent['event']>(name: Name): EventOf<Name> | undefined {
    return this.own.find((event): event is EventOf<Name> => event.event === name);
  }

  all<Name extends RunEvent['event']>(name: Name): EventOf<Name>[] {
    return this.own.filter((event): event is EventOf<Name> => event.event === name);
  }
}

function gatherArm(run: RunDirectory, start: EventOf<'arm-started'>, events: ArmEvents): ArmEvidence {
  const named = events.first('set-named');
  const held = events.first('held')?.held ?? [];
  const ended = events.first('trigger-ended');
  const released = events.first('released');
  const traceEnded = events.first('trace-ended');
  const triggerStarted = events.first('trigger-started');
  const trace = traceEnded === undefined ? undefined : run.read(traceEnded.trace);
  const untilUs = released === undefined ? Number.POSITIVE_INFINITY : released.askedNs / 1000;
  const endedAfterRelease = ended !== undefined && released !== undefined && ended.endedNs > released.askedNs;
  const triggerPid =
    trace === undefined || triggerStarted === undefined ? undefined : pidOfMark(trace, triggerStarted.mark);
  const facts =
    trace === undefined || triggerPid === undefined ? undefined : traceFacts(trace, triggerPid, untilUs);
  const stuckPfns = pfnsOf(run, named?.stuckPfns);
  const controlPfns = pfnsOf(run, named?.controlPfns);
  const found = events.first('set-found');
  const atHoldEnd = events.first('hold-ended') ?? found;
  const stuckWriteback = countWriteback(run, named?.stuckFlags);
  const vmstat = events.all('vmstat');
  const verified = events.first('verified');

  return {
    arm: start.arm,
    cell: start.cell,
    kind: start.kind,
    scenario: start.scenario,
    trigger: start.trigger,
    mitigation: start.mitigation,
    attempt: start.attempt,
    failure:
      events.first('arm-failed')?.reason ??
      missingArtifact(traceEnded, trace) ??
      (triggerStarted !== undefined && triggerPid === undefined
        ? "the trace has no mark of the trigger's task"
        : undefined) ??
      incompleteTable(run, named, [events.first('hold-ended'), found]),
    heldRequests: held.length,
    heldBytes: held.reduce((sum, request) => sum + (request.size ?? 0), 0),
    releasedRequests: released?.requests,
    heldFolios: named === undefined ? 0 : countCovered(held, named.stuck),
    stuckFolios: stuckPfns.length,
    stuckWriteback,
    writebackInPlace: writebackInPlace(start.kind, stuckPfns.length, stuckWriteback, vmstat),
    stuckReached: countWithin(stuckPfns, facts?.scanned ?? []),
    stuckReachedMoved: countMoved(stuckPfns, pfnsOf(run, atHoldEnd?.stuckPfns), (pfn) =>
      isWithin(pfn, facts?.scanned ?? []),
    ),
    stuckMoved: countMoved(stuckPfns, pfnsOf(run, atHoldEnd?.stuckPfns)),
    controlFolios: controlPfns.length,
    controlReached: countWithin(controlPfns, facts?.scanned ?? []),
    controlMoved: countMoved(controlPfns, pfnsOf(run, atHoldEnd?.controlPfns)),
    stuckMovedAtEnd: countMoved(stuckPfns, pfnsOf(run, found?.stuckPfns)),
    triggerMs: ended === undefined ? undefined : (ended.endedNs - ended.startedNs) / 1e6,
    triggerResult: ended?.result,
    triggerEndedAfterRelease: endedAfterRelease,
    endAfterReleaseMs: endedAfterRelease ? (ended.endedNs - released.askedNs) / 1e6 : undefined,
    heldMs:
      ended === undefined || released === undefined ? undefined : (released.askedNs - ended.startedNs) / 1e6,
    resumedAfterReleaseMs:
      facts?.resumedUs === undefined || released === undefined
        ? undefined
        : facts.resumedUs / 1000 - released.askedNs / 1e6,
    contendedAtPfn: facts?.ended.find(({ status }) => status === 'contended')?.migratePfn,
    migrateSucceeded: facts?.migrateSucceeded ?? 0,
    migrateFailed: facts?.migrateFailed ?? 0,
    migrateFailedNearSet: (facts?.failures ?? [])
      .filter(({ ranges }) => stuckPfns.some((pfn) => isWithin(pfn, ranges)))
      .reduce((sum, { failed }) => sum + failed, 0),
    unfinishedMigrations: facts?.unfinished ?? 0,
    lostEvents: (traceEnded?.lostEvents ?? 0) + (trace === undefined ? 0 : lostInText(trace)),
    waiters: waiters(start, events, released, facts, held, named?.stuck, stuckPfns),
    waitsIn: start.waitsIn,
    writebackBefore: vmstat.find((sample) => sample.when === 'arm-started')?.counters['nr_writeback'],
    writebackAfter: vmstat.find((sample) => sample.when === 'verified')?.counters['nr_writeback'],
    verified: verified !== undefined,
    corrupt: verified === undefined ? [] : corruptions(verified),
  };
}

function missingArtifact(traceEnded: EventOf<'trace-ended'> | undefined, trace: string | undefined) {
  if (traceEnded === undefined) return 'the run ended before its trace did';
  return trace === undefined ? `${traceEnded.trace} is missing from the run directory` : undefined;
}

/** A table that is missing or cut short would be taken for folios that are not there. */
function incompleteTable(
  run: RunDirectory,
  named: EventOf<'set-named'> | undefined,
  later: readonly (EventOf<'hold-ended'> | EventOf<'set-found'> | undefined)[],
): string | undefined {
  if (named === undefined) return undefined;
  const tables: (readonly [name: string, pages: number])[] = [[named.stuckFlags, named.stuck.pages]];
  for (const event of [named, ...later]) {
    if (event === undefined) continue;
    tables.push([event.stuckPfns, named.stuck.pages], [event.controlPfns, named.control.pages]);
  }
  for (const [name, pages] of tables) {
    const found = run.readNumbers(name)?.length;
    if (found === undefined) return `${name} is missing from the run directory`;
    if (found !== pages) return `${name} holds ${found} of ${pages} pages`;
  }
  return undefined;
}

function pfnsOf(run: RunDirectory, artifact: string | undefined): Float64Array {
  return (artifact === undefined ? undefined : run.readNumbers(artifact)) ?? new Float64Array();
}

function countWriteback(run: RunDirectory, artifact: string | undefined): number {
  const flags = artifact === undefined ? undefined : run.readNumbers(artifact);
  // Bits up to 53 only are exact in a double, and KPF_WRITEBACK is bit 8.
  return flags?.reduce((count, bits) => count + (Math.floor(bits / 2 ** Kpf.WRITEBACK) % 2), 0) ?? 0;
}

/**
 * What this kernel does with a folio whose WRITE is out, as the run saw it: WRITEBACK on the folios themselves, or as
 * many temporary pages (NR_WRITEBACK_TEMP).  undefined where it saw neither: then there is no telling.
 */
function writebackInPlace(
  kind: ArmKind,
  stuckFolios: number,
  stuckWriteback: number,
  vmstat: readonly EventOf<'vmstat'>[],
): boolean | undefined {
  if (kind !== 'fault' || stuckFolios === 0) return undefined;
  if (stuckWriteback === stuckFolios) return true;
  const temporary = (when: string) =>
    vmstat.find((sample) => sample.when === when)?.counters['nr_writeback_temp'] ?? 0;
  const copies = temporary('trigger-started') - temporary('arm-started');
  return stuckWriteback === 0 && copies >= stuckFolios ? false : undefined;
}

/** A page that is absent now is in the middle of a move, or reclaimed: it has not been seen elsewhere. */
function countMoved(
  before: Float64Array,
  after: Float64Array,
  counts: (pfn: number) => boolean = () => true,
): number {
  let moved = 0;
  for (let index = 0; index < Math.min(before.length, after.length); index++) {
    const now = after[index] ?? -1;
    const then = before[index] ?? -1;
    if (now >= 0 && now !== then && counts(then)) moved += 1;
  }
  return moved;
}

function countCovered(held: readonly HeldRequestRecord[], stuck: SetRecord): number {
  const covered = new Uint8Array(stuck.pages);
  for (const request of held) {
    if (request.nodeid !== stuck.ino || request.offset === null || request.size === null) continue;
    covered.fill(
      1,
      Math.floor(request.offset / PAGE_BYTES),
      Math.ceil((request.offset + request.size) / PAGE_BYTES),
    );
  }
  return covered.reduce((count, one) => count + one, 0);
}

/** Of all tasks in D state, those that wait for a folio or for a FUSE server; journal threads are not our business. */
function isAboutFolios(symbol: string): boolean {
  return /^(__)?folio_(wait|lock)|^fuse_|^request_wait_answer$/.test(symbol);
}

function waiters(
  { device }: EventOf<'arm-started'>,
  events: ArmEvents,
  released: EventOf<'released'> | undefined,
  facts: TraceFacts | undefined,
  held: readonly HeldRequestRecord[],
  stuck: SetRecord | undefined,
  stuckPfns: Float64Array,
): Waiter[] {
  const last = new Map<number, EventOf<'task-sampled'>>();
  for (const sample of events.all('task-sampled')) {
    if (sample.state === 'D' && (released === undefined || sample.atNs <= released.askedNs))
      last.set(sample.pid, sample);
  }
  const relevant = [...last.values()].filter(
    ({ role, stack }) => role !== 'other' || stack.some(isAboutFolios),
  );
  return relevant.map((sample) => {
    const { role, pid, comm, state, stack } = sample;
    const waitsFor = role === 'trigger' ? facts?.waitsFor : undefined;
    if (waitsFor === undefined) return { role, pid, comm, state, stack };
    const offset = waitsFor.index * PAGE_BYTES;
    const request = held.find(
      ({ nodeid, offset: start, size }) =>
        // An inode number means something on its own filesystem only.
        waitsFor.bdi === device &&
        nodeid === waitsFor.inode &&
        start !== null &&
        size !== null &&
        start <= offset &&
        offset < start + size,
    );
    const pfn =
      waitsFor.bdi === device && waitsFor.inode === stuck?.ino ? stuckPfns[waitsFor.index] : undefined;
    return { role, pid, comm, state, stack, waitsFor: { ...waitsFor, pfn, unique: request?.unique } };
  });
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
