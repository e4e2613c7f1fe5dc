/**
 * Events of the Chrome trace-event format (JSON), which Perfetto and chrome://tracing load: complete spans (X),
 * counters (C), instants (i) and names (M).  Times are microseconds.  Knows nothing of a run.
 */
import { oneLine } from './one-line.js';

export type Args = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** A row of the viewer: the thread of a process, both by number. */
export interface Track {
  readonly pid: number;
  readonly tid: number;
}

export type TraceEvent = Track & { readonly name: string; readonly args?: Args | undefined } & (
    | { readonly ph: 'X'; readonly ts: number; readonly dur: number; readonly cat: string }
    | { readonly ph: 'i'; readonly ts: number; readonly s: 't'; readonly cat: string }
    | { readonly ph: 'C'; readonly ts: number }
    | { readonly ph: 'M' }
  );

export interface Span {
  readonly name: string;
  readonly fromUs: number;
  readonly untilUs: number;
  readonly args?: Args;
}

/** The spans of one track, one after the other: one that goes on into the next ends where that begins. */
export function spanEvents(track: Track, cat: string, spans: readonly Span[]): TraceEvent[] {
  const inOrder = [...spans].sort((a, b) => a.fromUs - b.fromUs);
  return inOrder.map(({ name, fromUs, untilUs, args }, index) => {
    const until = Math.min(untilUs, inOrder[index + 1]?.fromUs ?? untilUs);
    return {
      ...track,
      ph: 'X',
      cat,
      name: oneLine(name),
      ts: fromUs,
      dur: length(fromUs, until),
      args: plain(args),
    };
  });
}

/** Names a process, and threads of it by number. */
export function nameEvents(pid: number, name: string, threads: ReadonlyMap<number, string>): TraceEvent[] {
  const named = (tid: number, what: string, text: string): TraceEvent => ({
    pid,
    tid,
    ph: 'M',
    name: what,
    args: { name: oneLine(text) },
  });
  return [
    named(0, 'process_name', name),
    { pid, tid: 0, ph: 'M', name: 'process_sort_index', args: { sort_index: pid } },
    ...[...threads].map(([tid, text]) => named(tid, 'thread_name', text)),
  ];
}

export function counterEvent(pid: number, name: string, ts: number, value: number): TraceEvent {
  return { pid, tid: 0, ph: 'C', name: oneLine(name), ts, args: { value } };
}

export function instantEvent(track: Track, cat: string, name: string, ts: number): TraceEvent {
  return { ...track, ph: 'i', s: 't', cat, name: oneLine(name), ts };
}

/** Names first, the rest by time; an event to a line. */
export function traceDocument(events: readonly TraceEvent[], otherData: Args): string {
  const time = (event: TraceEvent) => (event.ph === 'M' ? Number.NEGATIVE_INFINITY : event.ts);
  const inOrder = [...events].sort((a, b) => {
    const [left, right] = [time(a), time(b)];
    return left === right ? 0 : left - right;
  });
  return [
    '{"displayTimeUnit":"ms",',
    `"otherData":${JSON.stringify(plain(otherData))},`,
    '"traceEvents":[',
    inOrder.map((event) => JSON.stringify(event)).join(',\n'),
    ']}',
    '',
  ].join('\n');
}

/** Times of a run directory that was edited may lie too far apart for a number. */
function length(fromUs: number, untilUs: number): number {
  const dur = Math.round(Math.max(0, untilUs - fromUs) * 1000) / 1000;
  return Number.isFinite(dur) ? dur : 0;
}

function plain(args: Args | undefined): Args | undefined {
  if (args === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [
      name,
      typeof value === 'string' ? oneLine(value) : Array.isArray(value) ? value.map(oneLine) : value,
    ]),
  );
}
