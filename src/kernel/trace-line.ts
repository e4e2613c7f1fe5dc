/**
 * One line of a `trace` or `trace_pipe` file under a clock in seconds (mono, boot, global, local).
 * The text gives microseconds; what a payload means is trace-events.ts's business.
 * Authority: kernel/trace/trace_output.c (trace_print_context), trace.c (print_trace_line: LOST).
 */
import { malformed, parseCount } from './kernel-file.js';

export interface TraceEventLine {
  readonly kind: 'event';
  /** `<...>` where the kernel has forgotten it. Blanks at its start are lost in the padding. */
  readonly comm: string;
  readonly pid: number;
  readonly cpu: number;
  /** In microseconds of the trace clock. */
  readonly timestampUs: number;
  readonly event: string;
  readonly payload: string;
}

export type TraceLine =
  | TraceEventLine
  /** Events of this CPU were overwritten before they were read; their number is absent where it is not known. */
  | { readonly kind: 'lost'; readonly cpu: number; readonly count?: number }
  /** Headers and notes. */
  | { readonly kind: 'comment' };

/** A command has at most 15 bytes and is padded to 16. */
const commWidth = 16;
const afterComm = /^-(\d+) +(?:\([ \d-]+\) +)?\[(\d+)\] (?:\S{4,6} )? *(\d+)\.(\d{6}): ([^\s:]+): ?(.*)$/s;
const lostLine = /^CPU:(\d+) \[LOST (?:(\d+) )?EVENTS\]$/;

/** @param line without its newline */
export function parseTraceLine(line: string, file = 'trace_pipe', lineNumber = 1): TraceLine {
  const match = afterComm.exec(line.slice(commWidth));
  if (match !== null) return toEvent(line.slice(0, commWidth), match, file, lineNumber);
  if (line === '' || line.startsWith('#')) return { kind: 'comment' };
  const lost = lostLine.exec(line);
  if (lost !== null) {
    const cpu = parseCount(lost[1], file, lineNumber, 'the cpu');
    if (lost[2] === undefined) return { kind: 'lost', cpu };
    return { kind: 'lost', cpu, count: parseCount(lost[2], file, lineNumber, 'the lost events') };
  }
  // A command with characters of several bytes is padded to 16 bytes, so it takes fewer characters.
  for (let dash = line.indexOf('-'); dash >= 0 && dash < commWidth; dash = line.indexOf('-', dash + 1)) {
    const shifted = afterComm.exec(line.slice(dash));
    if (shifted !== null) return toEvent(line.slice(0, dash), shifted, file, lineNumber);
  }
  throw malformed(file, lineNumber, '"comm-pid [cpu] flags seconds: event: payload"', line);
}

function toEvent(comm: string, match: RegExpExecArray, file: string, lineNumber: number): TraceEventLine {
  const [, pid, cpu, seconds, microseconds, event = '', payload = ''] = match;
  return {
    kind: 'event',
    comm: comm.trimStart(),
    pid: parseCount(pid, file, lineNumber, 'the pid'),
    cpu: parseCount(cpu, file, lineNumber, 'the cpu'),
    timestampUs:
      parseCount(seconds, file, lineNumber, 'seconds') * 1_000_000 +
      parseCount(microseconds, file, lineNumber, 'microseconds'),
    event,
    payload,
  };
}
