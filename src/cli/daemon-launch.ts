/**
 * Starts the daemon in the background, in a session of its own, and waits for its first word: ready or refused.
 * A daemon that says nothing in time is ended; no process is left behind by a failure.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { StuckfsError } from '../base/errors.js';
import { patient } from '../base/patience.js';
import type { DaemonConfigInput, DaemonReady } from '../daemon/config.js';
import { stateRoot } from '../safety/state-directory.js';

const FirstWord = z.union([
  z.object({
    ready: z.object({
      pid: z.int(),
      mountPoint: z.string(),
      device: z.string(),
      connection: z.int(),
      socketPath: z.string(),
      stateDirectory: z.string(),
      watchdogPid: z.int(),
    }),
  }),
  z.object({ error: z.object({ message: z.string(), exitStatus: z.int().min(1).max(255) }) }),
]);

/** Longer than the daemon's own deadlines for INIT and for its watchdog. */
const firstWordMs = 30_000;
/** For a daemon that is told to end: it unmounts first. */
const endMs = 10_000;
const maxLineBytes = 64 * 1024;
/** Of the pipe for the first word, in the daemon. */
const readyFd = 3;

export type DaemonStartErrorCode = 'DAEMON_REFUSED' | 'DAEMON_DIED' | 'DAEMON_SILENT';

export class DaemonStartError extends StuckfsError {
  override readonly exitStatus: number;

  constructor(
    override readonly code: DaemonStartErrorCode,
    message: string,
    { exitStatus = 1, line }: { readonly exitStatus?: number; readonly line?: string } = {},
  ) {
    super(message);
    this.exitStatus = exitStatus;
    this.line = line;
  }

  /** What the daemon said, where it said something. */
  readonly line: string | undefined;
}

export interface DaemonLaunch {
  readonly config: Omit<DaemonConfigInput, 'readyFd'>;
  /** A Node program that takes the configuration as its one argument. */
  readonly program: string;
  readonly timeoutMs?: number;
}

export interface LaunchedDaemon {
  readonly ready: DaemonReady['ready'];
  /** The line as the daemon wrote it. */
  readonly line: string;
}

/** Throws DaemonStartError. */
export async function launchDaemon(launch: DaemonLaunch): Promise<LaunchedDaemon> {
  const { config, program, timeoutMs = patient(firstWordMs) } = launch;
  const child = spawn(process.execPath, [program, JSON.stringify({ ...config, readyFd })], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (status, signal) => resolve(signal === null ? `exit status ${status}` : signal));
    child.once('error', (error) => resolve(error.message));
  });
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const late = AbortSignal.any([AbortSignal.timeout(timeoutMs), interrupted.signal]);
  try {
    const line = await firstLine(child.stdio[readyFd] as Readable, late);
    if (line === undefined) {
      const why = await Promise.race([exited, sleep(patient(endMs), undefined, { ref: false })]);
      if (why === undefined) await end(child, exited);
      throw new DaemonStartError(
        'DAEMON_DIED',
        `the daemon ended without a word (${why ?? 'ended by us'}): ${seeLog(config, child.pid)}`,
      );
    }
    const word = FirstWord.safeParse(parseJson(line));
    if (!word.success) {
      await end(child, exited);
      throw new DaemonStartError(
        'DAEMON_DIED',
        `the daemon answered nonsense: ${JSON.stringify(line.slice(0, 200))}`,
      );
    }
    if ('error' in word.data) {
      await Promise.race([exited, sleep(patient(endMs), undefined, { ref: false })]);
      const { message, exitStatus } = word.data.error;
      throw new DaemonStartError('DAEMON_REFUSED', message, { exitStatus, line });
    }
    return { ready: word.data.ready, line };
  } catch (error) {
    if (!late.aborted) throw error;
    await end(child, exited);
    const what = interrupted.signal.aborted
      ? 'interrupted'
      : `no word from the daemon within ${timeoutMs} ms`;
    throw new DaemonStartError(
      'DAEMON_SILENT',
      `${what}; it was ended: ${seeLog(config, child.pid)}, and stuckfs rescue clears what may be left`,
      { exitStatus: interrupted.signal.aborted ? 130 : 1 },
    );
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    child.stdio[readyFd]?.destroy();
    child.unref();
  }
}

/** The first line; undefined at the end of the stream. Rejects when the signal comes first. */
async function firstLine(stream: Readable, signal: AbortSignal): Promise<string | undefined> {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  const isOver = () =>
    text.includes('\n') || text.length > maxLineBytes || stream.readableEnded || stream.destroyed;
  while (!isOver()) {
    const waiting = new AbortController();
    const events = ['data', 'end', 'close'].map((event) =>
      once(stream, event, { signal: AbortSignal.any([signal, waiting.signal]) }),
    );
    try {
      await Promise.race(events);
    } finally {
      for (const event of events) event.catch(() => undefined);
      waiting.abort();
    }
  }
  const newline = text.indexOf('\n');
  if (newline >= 0) return text.slice(0, newline);
  return text === '' ? undefined : text;
}

/** SIGTERM lets it unmount; SIGKILL where it does not listen. */
async function end(
  child: { kill(signal: 'SIGTERM' | 'SIGKILL'): boolean },
  exited: Promise<string>,
): Promise<void> {
  child.kill('SIGTERM');
  if ((await Promise.race([exited, sleep(patient(endMs), undefined, { ref: false })])) !== undefined) return;
  child.kill('SIGKILL');
  await Promise.race([exited, sleep(1000, undefined, { ref: false })]);
}

function seeLog({ logFile }: DaemonLaunch['config'], pid: number | undefined): string {
  return `see ${logFile ?? `${stateRoot()}/mount-${pid ?? '*'}-*/daemon.log, or give --log-file`}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
