/**
 * What happened in one arm and when, for those who draw it: held requests, attempts to migrate, tasks that wait, the
 * trigger, the stuck set.  Joins events and trace, judges nothing; what is missing of the run directory is told.
 * Times are microseconds of CLOCK_MONOTONIC, which is the clock of the trace, too.
 */
import { KernelFileError } from '../kernel/kernel-file.js';
import { parseTracePayload } from '../kernel/trace-events.js';
import type { TraceEventLine } from '../kernel/trace-line.js';
import type { RunDirectory } from '../record/run-directory.js';
import { ArmEvents, type EventOf } from './arm-events.js';
import { FoundSet } from './found-set.js';
import { lostInText, pidOfMigrator, traceLines } from './trace-facts.js';

export interface HeldSpan {
  readonly unique: string;
  readonly opcode: string;
  readonly nodeid: number;
  readonly offset: number | null;
  readonly size: number | null;
  /** When it was seen held; it may have been so before. */
  readonly fromUs: number;
  readonly untilUs: number;
}

/** One call of migrate_pages(), from mm_migrate_pages_start to mm_migrate_pages. */
export interface MigrationAttempt {
  readonly pid: number;
  readonly comm: string;
  readonly fromUs: number;
  /** undefined where the trace does not show its end. */
  readonly untilUs: number | undefined;
  readonly succeeded: number;
  readonly failed: number;
  readonly mode: string;
  readonly reason: string;
}

export interface ArmTimeline {
  readonly start: EventOf<'arm-started'>;
  readonly events: ArmEvents;
  readonly startUs: number;
  readonly endUs: number;
  readonly trigger: { readonly fromUs: number; readonly untilUs: number } | undefined;
  /** The pid by which the trace knows the trigger's task. */
  readonly triggerPid: number | undefined;
  readonly releasedUs: number | undefined;
  readonly held: readonly HeldSpan[];
  readonly attempts: readonly MigrationAttempt[];
  /** Folios of the stuck set that are still in their place. */
  readonly stuck: readonly { readonly atUs: number; readonly folios: number }[];
  /** What of the run directory is missing, cut short or of no known form. */
  readonly missing: readonly string[];
}

export function armTimelines(run: RunDirectory): ArmTimeline[] {
  const events = run.events();
  return events
    .filter((event): event is EventOf<'arm-started'> => event.event === 'arm-started')
    .map((start) => timelineOf(run, start, new ArmEvents(events, start.arm)));
}

function timelineOf(run: RunDirectory, start: EventOf<'arm-started'>, events: ArmEvents): ArmTimeline {
  const startUs = start.atNs / 1000;
  const endUs = Math.max(startUs, events.lastNs / 1000);
  const named = events.first('set-named');
  const [holdEnded, found] = [events.first('hold-ended'), events.first('set-found')];
  const [triggerStarted, ended] = [events.first('trigger-started'), events.first('trigger-ended')];
  const released = events.first('released');
  const set = new FoundSet(run, named);
  const traced = readTrace(run, events, triggerStarted?.mark);
  const incomplete = set.incomplete([holdEnded, found]);
  const stuck = [holdEnded, found].flatMap((later) =>
    later === undefined ? [] : [{ atUs: later.atNs / 1000, folios: set.stuckStill(later) }],
  );
  const from = ended?.startedNs ?? triggerStarted?.atNs;
  return {
    start,
    events,
    startUs,
    endUs,
    trigger:
      from === undefined
        ? undefined
        : { fromUs: from / 1000, untilUs: Math.max(from / 1000, (ended?.endedNs ?? endUs * 1000) / 1000) },
    triggerPid: traced.triggerPid,
    releasedUs: released === undefined ? undefined : released.askedNs / 1000,
    held: heldSpans(events, traced.answeredUs, endUs),
    attempts: traced.attempts,
    stuck:
      start.stuckBy === null || named === undefined
        ? []
        : [{ atUs: named.atNs / 1000, folios: set.stuckPfns.filter((pfn) => pfn >= 0).length }, ...stuck],
    missing: [...traced.missing, ...(incomplete === undefined ? [] : [incomplete])],
  };
}

/** A request is held until the trace shows its reply; where only a reference is kept, it was answered long ago. */
function heldSpans(events: ArmEvents, answeredUs: ReadonlyMap<string, number>, endUs: number): HeldSpan[] {
  const released = events.first('released');
  const isPinned = events.first('arm-started')?.stuckBy === 'reference';
  const otherwise = released === undefined ? endUs : released.askedNs / 1000;
  return events.all('held').flatMap(({ held, atNs }) =>
    held.map((request) => {
      const fromUs = atNs / 1000;
      const answered = isPinned ? undefined : answeredUs.get(request.unique);
      return { ...request, fromUs, untilUs: Math.max(fromUs, answered ?? otherwise) };
    }),
  );
}

interface Traced {
  readonly triggerPid: number | undefined;
  readonly attempts: readonly MigrationAttempt[];
  /** By unique: when its reply came. */
  readonly answeredUs: ReadonlyMap<string, number>;
  readonly missing: readonly string[];
}

function readTrace(run: RunDirectory, events: ArmEvents, mark: string | undefined): Traced {
  const traceEnded = events.first('trace-ended');
  const nothing = { triggerPid: undefined, attempts: [], answeredUs: new Map() };
  if (traceEnded === undefined) return { ...nothing, missing: ['the run ended before its trace did'] };
  const trace = run.read(traceEnded.trace);
  if (trace === undefined)
    return { ...nothing, missing: [`${traceEnded.trace} is missing from the run directory`] };
  const unique = new Set(events.all('held').flatMap(({ held }) => held.map((request) => request.unique)));
  const reader = new TraceReader(Number(events.first('arm-started')?.device.split(':')[1]), unique);
  const missing: string[] = [];
  const lost = traceEnded.lostEvents + lostInText(trace);
  if (lost > 0) missing.push(`${traceEnded.trace} lost ${lost} events`);
  let triggerPid: number | undefined;
  try {
    triggerPid =
      mark === undefined ? undefined : pidOfMigrator(trace, mark, events.first('arm-started')?.byWorker);
    for (const line of traceLines(trace, (text) => wanted.test(text))) reader.take(line);
  } catch (error) {
    if (!(error instanceof KernelFileError)) throw error;
    missing.push(`${traceEnded.trace}: ${error.message}`);
  }
  return { triggerPid, attempts: reader.ended(), answeredUs: reader.answeredUs, missing };
}

const wanted = /: (?:mm_migrate_pages(?:_start)?|fuse_request_end): /;

class TraceReader {
  readonly answeredUs = new Map<string, number>();
  private readonly attempts: MigrationAttempt[] = [];
  /** By pid: the attempt that has not ended. */
  private readonly open = new Map<number, MigrationAttempt>();

  constructor(
    /** The connection whose requests count: the kernel's number for it, the minor of its device. */
    private readonly connection: number,
    private readonly unique: ReadonlySet<string>,
  ) {}

  take({ event, payload, pid, comm, timestampUs }: TraceEventLine): void {
    if (event === 'fuse_request_end') {
      const { connection, unique } = parseTracePayload(event, payload);
      const name = unique.toString();
      if (connection === this.connection && this.unique.has(name)) this.answeredUs.set(name, timestampUs);
    } else if (event === 'mm_migrate_pages_start') {
      const unfinished = this.open.get(pid);
      if (unfinished !== undefined) this.attempts.push(unfinished);
      const { mode, reason } = parseTracePayload(event, payload);
      this.open.set(pid, {
        pid,
        comm,
        fromUs: timestampUs,
        untilUs: undefined,
        succeeded: 0,
        failed: 0,
        mode,
        reason,
      });
    } else if (event === 'mm_migrate_pages') {
      const begun = this.open.get(pid);
      // The trace was turned on in the middle of it.
      if (begun === undefined) return;
      this.open.delete(pid);
      const { nrSucceeded, nrFailed } = parseTracePayload(event, payload);
      const untilUs = Math.max(begun.fromUs, timestampUs);
      this.attempts.push({ ...begun, untilUs, succeeded: nrSucceeded, failed: nrFailed });
    }
  }

  ended(): MigrationAttempt[] {
    return [...this.attempts, ...this.open.values()].sort((a, b) => a.fromUs - b.fromUs);
  }
}
