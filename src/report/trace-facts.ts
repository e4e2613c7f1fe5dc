/**
 * What the trace says of one trigger: which frames the migrate scanner passed, what migration reported, which
 * folio it waits for.  Only lines of the trigger's own task count: kcompactd may be at work at the same time.
 */
import { malformed } from '../kernel/kernel-file.js';
import { parseTracePayload } from '../kernel/trace-events.js';
import { parseTraceLine, type TraceEventLine } from '../kernel/trace-line.js';

/** Frames [start, end). */
export type PfnRange = readonly [start: number, end: number];

export interface Batch {
  readonly ranges: readonly PfnRange[];
  readonly succeeded: number;
  readonly failed: number;
}

export interface TraceFacts {
  /** Merged and ascending: where the migrate scanner has been. */
  readonly scanned: readonly PfnRange[];
  /** The same without what a MIGRATE_ASYNC pass has scanned: that may have left out folios on the way. */
  readonly passed: readonly PfnRange[];
  /** Those one by one: a range as often as it was scanned. */
  readonly passes: readonly PfnRange[];
  /** Of those, where something was isolated. */
  readonly taken: readonly PfnRange[];
  readonly migrateSucceeded: number;
  readonly migrateFailed: number;
  /** Migrations that had ended by `untilUs`, and the ranges from which their folios had been isolated. */
  readonly batches: readonly Batch[];
  /** mm_migrate_pages_start without its mm_migrate_pages at `untilUs`. */
  readonly unfinished: number;
  /** When the first migration after `untilUs` ended: of those unfinished then, the one that waited. */
  readonly resumedUs: number | undefined;
  /** Of that one: how many pages it was about, moved and failed. */
  readonly resumedPages: number | undefined;
  /** How compaction of each zone ended: `complete`, or `contended` and where its migrate scanner was. */
  readonly ended: readonly { readonly status: string; readonly migratePfn: number }[];
  /** Merged: from the start of a zone to where its migrate scanner was at the end; what it left out is in no event. */
  readonly crossed: readonly PfnRange[];
  /** When the migration that had not ended by `untilUs` began to wait, as far as the trace shows it. */
  readonly waitingSinceUs: number | undefined;
  /** Of that migration: the last range that was isolated from before it. */
  readonly lastIsolated: PfnRange | undefined;
  /** The last folio_wait_writeback before `untilUs` of a migration that had not ended by then. */
  readonly waitsFor: { readonly bdi: string; readonly inode: number; readonly index: number } | undefined;
}

/**
 * The pid by which the trace knows the task that wrote `mark` into it (trace_marker).  The trace has pids of the
 * initial namespace, whatever namespace the run is in.
 */
export function pidOfMark(trace: string, mark: string): number | undefined {
  const at = trace.indexOf(`tracing_mark_write: ${mark}`);
  if (at < 0) return undefined;
  const start = trace.lastIndexOf('\n', at) + 1;
  const end = trace.indexOf('\n', at);
  const parsed = parseTraceLine(trace.slice(start, end < 0 ? trace.length : end));
  return parsed.kind === 'event' ? parsed.pid : undefined;
}

/**
 * The pid of the one task that migrated for this reason (enum migrate_reason, as the tracepoints print it).
 * @throws {KernelFileError} where there were several: which of them is meant is not known
 */
function pidOfReason(trace: string, reason: string): number | undefined {
  const pids = new Set<number>();
  for (const { pid, event, payload } of traceLines(trace, (line) => line.includes(`reason=${reason}`)))
    if (event === 'mm_migrate_pages_start' && parseTracePayload(event, payload).reason === reason)
      pids.add(pid);
  if (pids.size > 1)
    throw malformed('trace', undefined, `one task that migrates for ${reason}`, [...pids].join(', '));
  return [...pids][0];
}

/**
 * Who migrated for the trigger, as the trace knows it: the task that wrote `mark`, or, where a worker of the kernel's does
 * it, the one that migrated for that reason; the trigger's task where none did.
 */
export function pidOfMigrator(trace: string, mark: string, byWorker: string | undefined): number | undefined {
  const own = pidOfMark(trace, mark);
  if (byWorker === undefined || own === undefined) return own;
  return pidOfReason(trace, byWorker) ?? own;
}

/** The trace up to the line with `mark`, and from it on; all is before one that is not there. */
export function splitAtMark(trace: string, mark: string): readonly [before: string, after: string] {
  const at = trace.indexOf(`tracing_mark_write: ${mark}`);
  if (at < 0) return [trace, ''];
  const start = trace.lastIndexOf('\n', at) + 1;
  return [trace.slice(0, start), trace.slice(start)];
}

/** @param untilUs trace clock: the moment of the release, or Infinity where there is none */
export function traceFacts(trace: string, pid: number, untilUs: number): TraceFacts {
  const ranges: PfnRange[] = [];
  const passed: PfnRange[] = [];
  let isAsync = false;
  const taken: PfnRange[] = [];
  const batches: Batch[] = [];
  let sinceLast: PfnRange[] = [];
  let succeeded = 0;
  let failed = 0;
  let unfinished = 0;
  let resumedUs: number | undefined;
  let resumedPages: number | undefined;
  const ended: { status: string; migratePfn: number }[] = [];
  const crossed: PfnRange[] = [];
  let waitsFor: TraceFacts['waitsFor'];
  let waitingSinceUs: number | undefined;
  let lastIsolated: PfnRange | undefined;
  for (const line of traceEvents(trace, pid)) {
    const beforeRelease = line.timestampUs <= untilUs;
    switch (line.event) {
      case 'mm_compaction_begin':
        isAsync = parseTracePayload(line.event, line.payload).mode === 'async';
        break;
      case 'mm_compaction_isolate_migratepages': {
        const { startPfn, endPfn, nrTaken } = parseTracePayload(line.event, line.payload);
        if (beforeRelease) {
          ranges.push([startPfn, endPfn]);
          if (!isAsync) passed.push([startPfn, endPfn]);
          if (nrTaken > 0) taken.push([startPfn, endPfn]);
          lastIsolated = [startPfn, endPfn];
        }
        sinceLast.push([startPfn, endPfn]);
        break;
      }
      case 'mm_migrate_pages_start':
        if (beforeRelease) {
          unfinished += 1;
          waitingSinceUs = line.timestampUs;
        }
        break;
      case 'mm_migrate_pages': {
        const { nrSucceeded, nrFailed } = parseTracePayload(line.event, line.payload);
        succeeded += nrSucceeded;
        failed += nrFailed;
        if (beforeRelease)
          batches.push({ ranges: merge(sinceLast), succeeded: nrSucceeded, failed: nrFailed });
        sinceLast = [];
        if (beforeRelease) {
          unfinished -= 1;
          waitsFor = undefined;
          waitingSinceUs = undefined;
        } else if (resumedUs === undefined) {
          resumedUs = line.timestampUs;
          resumedPages = nrSucceeded + nrFailed;
        }
        break;
      }
      case 'mm_compaction_end': {
        const { status, migratePfn, zoneStartPfn } = parseTracePayload(line.event, line.payload);
        ended.push({ status, migratePfn });
        if (beforeRelease && !isAsync) crossed.push([zoneStartPfn, migratePfn]);
        break;
      }
      case 'folio_wait_writeback': {
        const { bdi, ino, index } = parseTracePayload(line.event, line.payload);
        if (beforeRelease) {
          waitsFor = { bdi, inode: Number(ino), index };
          waitingSinceUs = line.timestampUs;
        }
        break;
      }
    }
  }
  return {
    scanned: merge(ranges),
    passed: merge(passed),
    passes: passed,
    taken: merge(taken),
    migrateSucceeded: succeeded,
    migrateFailed: failed,
    batches,
    unfinished,
    resumedUs,
    resumedPages,
    ended,
    crossed: merge(crossed),
    waitingSinceUs,
    lastIsolated,
    waitsFor,
  };
}

/** The lines of one task. */
export function* traceEvents(trace: string, pid: number): Generator<TraceEventLine> {
  const mark = `-${pid} `;
  for (const event of traceLines(trace, (line) => line.includes(mark))) if (event.pid === pid) yield event;
}

/** @param isWanted asked before a line is taken apart: most of a trace is about something else */
export function* traceLines(trace: string, isWanted: (line: string) => boolean): Generator<TraceEventLine> {
  let start = 0;
  while (start < trace.length) {
    const end = trace.indexOf('\n', start);
    if (end < 0) return;
    const line = trace.slice(start, end);
    start = end + 1;
    if (!isWanted(line)) continue;
    const parsed = parseTraceLine(line);
    if (parsed.kind === 'event') yield parsed;
  }
}

/** "[LOST N EVENTS]" notes: what a reader of trace_pipe was told that it missed. */
export function lostInText(trace: string): number {
  let lost = 0;
  for (const match of trace.matchAll(/^CPU:\d+ \[LOST (?:(\d+) )?EVENTS\]$/gm)) lost += Number(match[1] ?? 1);
  return lost;
}

/** Ascending, none that overlap. */
export function merge(ranges: readonly PfnRange[]): PfnRange[] {
  const merged: [number, number][] = [];
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

/** How often these frames, which ascend, were met in the ranges, each range for itself. */
export function countMet(sorted: Float64Array, ranges: readonly PfnRange[]): number {
  return ranges.reduce((sum, [start, end]) => sum + countBelow(sorted, end) - countBelow(sorted, start), 0);
}

/** How many of the frames, which ascend, are below this one. */
export function countBelow(sorted: Float64Array, pfn: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < pfn) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of these frames lie in the ranges. */
export function countWithin(pfns: Float64Array, ranges: readonly PfnRange[]): number {
  let count = 0;
  for (const pfn of pfns) if (isWithin(pfn, ranges)) count += 1;
  return count;
}

/** Whether the frame lies in one of these merged ranges. */
export function isWithin(pfn: number, ranges: readonly PfnRange[]): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [start, end] = ranges[middle] ?? [0, 0];
    if (pfn < start) high = middle - 1;
    else if (pfn >= end) low = middle + 1;
    else return true;
  }
  return false;
}
