/**
 * tracefs: an instance of our own, so that nobody else's tracing is touched, and how much it lost.
 * Owns creation, settings and removal; reading trace_pipe belongs to the recorder.
 * Authority: Documentation/trace/ftrace.rst (instances, per_cpu/cpuN/stats), kernel/trace/trace.c.
 */
import { closeSync, existsSync, mkdirSync, openSync, rmdirSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  isMissing,
  linesOf,
  listKernelDirectory,
  malformed,
  parseCount,
  readKernelFile,
  unreadable,
} from './kernel-file.js';
import type { MountEntry } from './mountinfo.js';
import { parseTraceFormat, type TraceFormat } from './trace-format.js';

/**
 * The directory of tracefs; undefined where neither it nor debugfs is mounted.
 * Below debugfs the kernel mounts it by itself as soon as somebody looks.
 */
export function findTracing(entries: readonly MountEntry[]): string | undefined {
  const tracefs = entries.filter((entry) => entry.fsType === 'tracefs').map((entry) => entry.mountPoint);
  if (tracefs.includes('/sys/kernel/tracing')) return '/sys/kernel/tracing';
  const debugfs = entries.find((entry) => entry.fsType === 'debugfs' && entry.root === '/');
  return tracefs[0] ?? (debugfs === undefined ? undefined : join(debugfs.mountPoint, 'tracing'));
}

/** per_cpu/cpuN/stats; a line that the kernel lacks is absent. */
export interface TraceCpuStats {
  readonly cpu: number;
  /** Unread in the buffer. */
  readonly entries: number;
  /** Overwritten unread. */
  readonly overrun: number;
  readonly commitOverrun: number;
  readonly droppedEvents?: number;
  readonly readEvents?: number;
}

export function parseTraceStats(text: string, cpu: number, file = 'stats'): TraceCpuStats {
  const lines = new Map<string, { digits: string; line: number }>();
  linesOf(text).forEach((line, index) => {
    const colon = line.indexOf(': ');
    if (colon < 0) throw malformed(file, index + 1, '"name: number"', line);
    lines.set(line.slice(0, colon), { digits: line.slice(colon + 2).trim(), line: index + 1 });
  });
  const optional = (name: string): number | undefined => {
    const entry = lines.get(name);
    return entry === undefined ? undefined : parseCount(entry.digits, file, entry.line, name);
  };
  const need = (name: string): number => {
    const value = optional(name);
    if (value === undefined) throw malformed(file, undefined, `a line "${name}:"`);
    return value;
  };
  const droppedEvents = optional('dropped events');
  const readEvents = optional('read events');
  return {
    cpu,
    entries: need('entries'),
    overrun: need('overrun'),
    commitOverrun: need('commit overrun'),
    ...(droppedEvents === undefined ? {} : { droppedEvents }),
    ...(readEvents === undefined ? {} : { readEvents }),
  };
}

/** The instances under a tracing directory, by name. */
export function listTraceInstances(tracing: string): string[] {
  return listKernelDirectory(join(tracing, 'instances'));
}

export interface TraceEventName {
  readonly system: string;
  readonly event: string;
}

export class TraceInstance {
  private constructor(
    /** The directory of the instance. */
    readonly directory: string,
  ) {}

  /**
   * Makes `instances/NAME`; one that is there already is an error, for it is somebody else's.
   * @param tracing of findTracing
   */
  static create(tracing: string, name: string): TraceInstance {
    const directory = TraceInstance.#directory(tracing, name);
    try {
      mkdirSync(directory);
    } catch (error) {
      throw unreadable(directory, 'to make a trace instance', error);
    }
    return new TraceInstance(directory);
  }

  /** An instance that is there already: what a crashed run left behind. */
  static open(tracing: string, name: string): TraceInstance {
    return new TraceInstance(TraceInstance.#directory(tracing, name));
  }

  static #directory(tracing: string, name: string): string {
    if (!/^[\w-]+$/.test(name))
      throw malformed(tracing, undefined, 'a name of letters, digits, _ and -', name);
    return join(tracing, 'instances', name);
  }

  get name(): string {
    return basename(this.directory);
  }

  /** Reading takes the events out, and blocks while there are none. */
  get tracePipePath(): string {
    return join(this.directory, 'trace_pipe');
  }

  /** Writing a line puts it into the trace as `tracing_mark_write`. */
  get traceMarkerPath(): string {
    return join(this.directory, 'trace_marker');
  }

  /** For each CPU. */
  setBufferSizeKb(kilobytes: number): void {
    this.#write('buffer_size_kb', `${kilobytes}`);
  }

  /** `mono` is CLOCK_MONOTONIC, the clock of process.hrtime. Changing it empties the buffer. */
  setTraceClock(clock: string): void {
    this.#write('trace_clock', clock);
  }

  /** The clock in use. */
  traceClock(): string {
    const file = join(this.directory, 'trace_clock');
    const text = readKernelFile(file);
    const clock = /\[(\S+)\]/.exec(text)?.[1];
    if (clock === undefined) throw malformed(file, 1, 'one clock in brackets', text);
    return clock;
  }

  setTracingOn(on: boolean): void {
    this.#write('tracing_on', on ? '1' : '0');
  }

  hasEvent({ system, event }: TraceEventName): boolean {
    return existsSync(join(this.directory, 'events', system, event, 'enable'));
  }

  /** @param filter in the kernel's filter language, such as `s_dev == 39`; it is set before the event is on */
  enableEvent(name: TraceEventName, filter?: string): void {
    const events = join('events', name.system, name.event);
    if (filter !== undefined) this.#write(join(events, 'filter'), filter);
    this.#write(join(events, 'enable'), '1');
  }

  disableEvent(name: TraceEventName): void {
    this.#write(join('events', name.system, name.event, 'enable'), '0');
  }

  /** The text of the event's format file. */
  readFormatText({ system, event }: TraceEventName): string {
    return readKernelFile(join(this.directory, 'events', system, event, 'format'));
  }

  readFormat(name: TraceEventName): TraceFormat {
    const file = join(this.directory, 'events', name.system, name.event, 'format');
    return parseTraceFormat(this.readFormatText(name), file);
  }

  /** What is in the buffer, without taking it out. */
  readTrace(): string {
    return readKernelFile(join(this.directory, 'trace'));
  }

  readStats(): TraceCpuStats[] {
    const stats: TraceCpuStats[] = [];
    for (const entry of listKernelDirectory(join(this.directory, 'per_cpu'))) {
      const cpu = /^cpu(\d+)$/.exec(entry)?.[1];
      if (cpu === undefined) continue;
      const file = join(this.directory, 'per_cpu', entry, 'stats');
      stats.push(parseTraceStats(readKernelFile(file), Number(cpu), file));
    }
    return stats.sort((a, b) => a.cpu - b.cpu);
  }

  /** Events that were recorded or should have been, and that no reader will ever see. */
  countLostEvents(): number {
    return this.readStats().reduce(
      (sum, cpu) => sum + cpu.overrun + cpu.commitOverrun + (cpu.droppedEvents ?? 0),
      0,
    );
  }

  /**
   * Turns the instance off and removes it; one that is gone already is no error.
   * EBUSY while somebody has its trace_pipe open: close that first.
   */
  remove(): void {
    try {
      this.setTracingOn(false);
      rmdirSync(this.directory);
    } catch (error) {
      if (isMissing(error)) return;
      throw unreadable(this.directory, 'to remove the trace instance', error);
    }
  }

  /** Opens without O_CREAT and O_TRUNC: a file that is not there says ENOENT, and nothing is emptied. */
  #write(name: string, value: string): void {
    const file = join(this.directory, name);
    try {
      const fd = openSync(file, 'r+');
      try {
        writeSync(fd, value);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      throw unreadable(file, `to accept ${JSON.stringify(value)}`, error);
    }
  }
}
