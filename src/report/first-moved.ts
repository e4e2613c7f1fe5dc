/**
 * When the first folio of the stuck set moved after the act, from the trace and the frames that were left.  A batch of
 * migrate_pages() is about folios of many owners, and says how many moved, not which: it counts only where one of the
 * set must be among them.
 */
import { KernelFileError } from '../kernel/kernel-file.js';
import { parseTracePayload } from '../kernel/trace-events.js';
import { countBelow, merge, type PfnRange, traceLines } from './trace-facts.js';

/** What one task isolated, and what migrate_pages() made of it. */
interface Batch {
  readonly pid: number;
  /** Those from which something was taken, merged. */
  readonly ranges: readonly PfnRange[];
  /** Trace clock; undefined where the trace does not show its end. */
  readonly endedUs: number | undefined;
  readonly succeeded: number;
  readonly failed: number;
}

/**
 * @param left frames of the set whose folio is gone from there
 * @returns trace clock: the end of the first migration of the trigger's task that moved one of them
 */
export function firstMoved(
  trace: string,
  pid: number,
  sinceUs: number,
  left: readonly number[],
): number | undefined {
  try {
    return proven(batchesOf(trace), pid, sinceUs, Float64Array.from(left).sort());
  } catch (error) {
    // A line of another task, of a form that is not known: who took what cannot be told.
    if (error instanceof KernelFileError) return undefined;
    throw error;
  }
}

/** @param frames ascending */
function proven(
  all: readonly Batch[],
  pid: number,
  sinceUs: number,
  frames: Float64Array,
): number | undefined {
  const batches = all
    .filter(({ endedUs }) => endedUs === undefined || endedUs >= sinceUs)
    .map((batch) => ({ ...batch, ofSet: within(frames, batch.ranges) }));
  const takers = new Map<number, number>();
  for (const { ofSet } of batches)
    for (const part of ofSet) for (const frame of part) takers.set(frame, (takers.get(frame) ?? 0) + 1);
  const first = batches.find(({ pid: by, endedUs, ranges, ofSet, succeeded, failed }) => {
    if (by !== pid || endedUs === undefined || succeeded === 0) return false;
    const others = sum(ranges.map(([start, end]) => end - start)) - sum(ofSet.map(({ length }) => length));
    if (ofSet.every(({ length }) => length === 0)) return false;
    // More have moved than there are other frames; or all that was taken, and no one else took what lay there.
    return (
      succeeded > others ||
      (failed === 0 && ofSet.some((part) => part.some((frame) => takers.get(frame) === 1)))
    );
  });
  return first?.endedUs;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** In the order of their ends, of all tasks; those without an end last. */
function batchesOf(trace: string): Batch[] {
  const batches: Batch[] = [];
  const open = new Map<number, PfnRange[]>();
  for (const line of traceLines(trace, (text) => wanted.test(text))) {
    const ranges = open.get(line.pid) ?? [];
    if (line.event === 'mm_compaction_isolate_migratepages') {
      const { startPfn, endPfn, nrTaken } = parseTracePayload(line.event, line.payload);
      if (nrTaken > 0) open.set(line.pid, [...ranges, [startPfn, endPfn]]);
    } else if (line.event === 'mm_migrate_pages') {
      const { nrSucceeded, nrFailed } = parseTracePayload(line.event, line.payload);
      open.delete(line.pid);
      batches.push({
        pid: line.pid,
        ranges: merge(ranges),
        endedUs: line.timestampUs,
        succeeded: nrSucceeded,
        failed: nrFailed,
      });
    }
  }
  const unfinished = [...open].map(
    ([pid, ranges]): Batch => ({ pid, ranges: merge(ranges), endedUs: undefined, succeeded: 0, failed: 0 }),
  );
  return [...batches, ...unfinished];
}

const wanted = /: mm_(?:compaction_isolate_migratepages|migrate_pages): /;

/** @param frames ascending; @param ranges merged */
function within(frames: Float64Array, ranges: readonly PfnRange[]): Float64Array[] {
  return ranges.map(([start, end]) => frames.subarray(countBelow(frames, start), countBelow(frames, end)));
}
