/**
 * Makes the logger of a process: JSON lines to a file or to stderr, or lines for a person on a terminal.
 * Lines are written before the call returns, so none is lost when the process ends or is killed.  A log that
 * cannot be written must not end a daemon that holds requests: such a line is dropped and counted.
 */
import { openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Logger, pino } from 'pino';
import type { prettyFactory as PrettyFactory } from 'pino-pretty';
import { UsageError } from './errors.js';

export type { Logger } from 'pino';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const stderrFd = 2;
/** As pino numbers `warn`. */
const warnLevel = 40;
/** How long a full, non-blocking pipe is waited for before a line is dropped. */
const fullPipeWaitMs = 200;

export interface LogOptions {
  /** A level name of pino, or `silent`. */
  readonly level: string;
  /** `stderr`, or the path of a file that is appended to and made with mode 0600. */
  readonly destination: string;
  /** For a person instead of JSON; coloured when it goes to a terminal. */
  readonly pretty: boolean;
}

/** Throws UsageError for an unknown level and for a file that cannot be opened for appending. */
export function createLogger({ level, destination, pretty }: LogOptions): Logger {
  if (!levels.includes(level)) {
    throw new UsageError('--log-level', level, `give one of ${levels.join(', ')}`);
  }
  const toStderr = destination === 'stderr';
  const fd = toStderr ? stderrFd : openLogFile(destination);
  const format = pretty
    ? loadPretty()({ colorize: toStderr && process.stderr.isTTY === true, translateTime: 'HH:MM:ss.l' })
    : (line: string) => line;
  let dropped = 0;
  const write = (line: string) => {
    const notice = dropped === 0 ? '' : format(lostNotice(dropped));
    if (writeAll(fd, Buffer.from(notice + format(line)))) dropped = 0;
    else dropped += 1;
  };
  return pino({ level, timestamp: pino.stdTimeFunctions.isoTime }, { write });
}

/** Thirty files, which a daemon of a run does not need. */
function loadPretty(): typeof PrettyFactory {
  const require = createRequire(import.meta.url);
  return (require('pino-pretty') as { prettyFactory: typeof PrettyFactory }).prettyFactory;
}

function lostNotice(dropped: number): string {
  const line = { level: warnLevel, time: new Date().toISOString() };
  return `${JSON.stringify({ ...line, msg: `${dropped} log lines could not be written` })}\n`;
}

function openLogFile(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError('--log-file', path, `cannot be opened for appending: ${why}`, { cause });
  }
}

function writeAll(fd: number, bytes: Buffer): boolean {
  const deadline = performance.now() + fullPipeWaitMs;
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const full = (error as NodeJS.ErrnoException).code === 'EAGAIN';
      if (!full || performance.now() > deadline) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  return true;
}
