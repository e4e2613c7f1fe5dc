/**
 * The life of the watchdog process: hears the daemon and the leash, decides, aborts, cleans up.
 * It never touches a mount, holds no descriptor of /dev/fuse, and outlives Ctrl-C: only SIGKILL ends it early.
 * What it needs to abort is opened before it says that it is armed; what it needs to clean up is loaded after.
 * Authority: fs/fuse/control.c (fuse_conn_abort_write), fs/fuse/dev.c (fuse_abort_conn).
 */
import { closeSync, constants, openSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { patienceOf } from '../base/patience.js';
import { log, putLine } from './last-words.js';
import { preferNotToBeKilled } from './oom-score.js';
import { type Decision, decide, type WatchdogView } from './watchdog-decision.js';
import {
  type FromWatchdog,
  parseIntoLeash,
  parseToWatchdog,
  type WatchdogArguments,
} from './watchdog-messages.js';

const daemonFd = 0;
const answerFd = 1;
const leashFd = 3;
/** No sleep is longer, so that a clock or a timer that misbehaves costs no more than this. */
const longestSleepMs = 250;
const abortAttempts = 5;
/** A sleep that is longer by this was none of ours: the process was stopped, or the machine slept. */
const shortestPauseMs = 500;
/** After the death of the daemon: time for the death of its runner to be heard. */
const leashGraceMs = 300;

/** Cleans up after a death; answers its steps, for the log. */
export type CleanUpAfter = (
  stateDirectories: readonly string[],
  because: 'daemon-died' | 'runner-died' | 'daemon-ended',
) => Promise<unknown>;

export interface WatchdogSurroundings {
  /** Whether this is the abort file of a connection, in fusectl. */
  readonly isAbortFile: (path: string) => boolean;
  /** Loads what the cleanup needs. */
  readonly loadCleanUp: () => Promise<CleanUpAfter>;
}

/** Runs until the daemon or the runner is gone and all is clean. */
export async function runWatchdog(args: WatchdogArguments, around: WatchdogSurroundings): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => log({ ignored: signal }));
  }
  closeInheritedFuse();
  const unprotected = preferNotToBeKilled('guardian');
  if (unprotected !== undefined) log({ cannotProtectFromOom: unprotected });
  if (!around.isAbortFile(args.abortPath)) {
    answer({ event: 'refused', reason: `${args.abortPath} is no abort file of fusectl` });
    return;
  }
  let abortFd: number;
  try {
    abortFd = openSync(args.abortPath, constants.O_WRONLY | constants.O_NOFOLLOW);
  } catch (error) {
    answer({ event: 'refused', reason: String(error) });
    return;
  }
  let view: WatchdogView = {
    maxHoldMs: args.maxHoldMs,
    heartbeatAtMs: performance.now(),
    oldestHeldMs: null,
    daemon: 'alive',
    leash: args.hasLeash ? 'held' : 'none',
    hasAborted: false,
    patience: patienceOf(process.env),
  };
  const heard = new Bell();
  listen(daemonFd, {
    line: (line) => {
      const message = parseToWatchdog(line);
      if (message === undefined) log({ notUnderstood: line.slice(0, 200) });
      else if ('bye' in message) view = { ...view, daemon: 'bye' };
      else view = { ...view, heartbeatAtMs: performance.now(), oldestHeldMs: message.oldestHeldMs };
      heard.ring();
    },
    end: () => {
      const daemon = view.daemon === 'bye' ? 'ended-after-bye' : 'died';
      view = { ...view, daemon, diedAtMs: performance.now() };
      heard.ring();
    },
  });
  if (args.hasLeash) {
    listen(leashFd, {
      line: (line) => {
        const message = parseIntoLeash(line);
        if (message === undefined) log({ notUnderstoodInLeash: line.slice(0, 200) });
        else if ('bye' in message) view = { ...view, leash: 'none' };
        else view = { ...view, deathGraceMs: message.deathGraceMs };
      },
      end: () => {
        if (view.leash === 'held') view = { ...view, leash: 'dropped' };
        heard.ring();
      },
    });
  }
  answer({ event: 'armed' });
  log({ armed: args.abortPath, maxHoldMs: args.maxHoldMs });
  const cleanUp = around.loadCleanUp();
  cleanUp.catch((error: unknown) => log({ cannotLoadCleanUp: String(error) }));

  let decision: Decision;
  let failedAborts = 0;
  let lookedAtMs = view.heartbeatAtMs;
  let sleptMs = 0;
  for (;;) {
    const nowMs = performance.now();
    view = withoutOwnPause(view, nowMs, nowMs - lookedAtMs - sleptMs);
    lookedAtMs = nowMs;
    sleptMs = longestSleepMs;
    decision = decide(view, nowMs);
    if (decision.kind === 'finish') break;
    if (decision.kind === 'abort') {
      log({ abort: decision.reason, heartbeatAgeMs: nowMs - view.heartbeatAtMs, view });
      const hasAborted = abort(abortFd);
      if (hasAborted) answer({ event: 'aborted', reason: decision.reason });
      else failedAborts++;
      // The cleanup tries once more, by another way.
      view = { ...view, hasAborted: hasAborted || failedAborts >= abortAttempts };
      if (!view.hasAborted) await heard.wait(longestSleepMs);
      continue;
    }
    await heard.wait(Math.min(longestSleepMs, Math.max(1, decision.untilMs - nowMs)));
  }
  log({ finish: decision.because });
  // An open file keeps fusectl from being unmounted; whoever said bye waits for this before it restores.
  closeSync(abortFd);
  answer({ event: 'disarmed' });
  if (decision.because === 'daemon-died') await waitForLeash(() => view.leash !== 'held', heard);
  const runDirectory = view.leash === 'dropped' ? args.runDirectory : undefined;
  const directories = [args.stateDirectory, ...(runDirectory === undefined ? [] : [runDirectory])];
  log({ steps: await (await cleanUp)(directories, decision.because) });
}

/** Who kills a daemon and its runner at once drops the two pipes one after the other. */
async function waitForLeash(isKnown: () => boolean, heard: Bell): Promise<void> {
  const endsAtMs = performance.now() + leashGraceMs;
  while (!isKnown() && performance.now() < endsAtMs) {
    await heard.wait(Math.max(1, endsAtMs - performance.now()));
  }
}

/**
 * While the watchdog itself was stopped, nobody was silent: what the daemon said meanwhile waits in the pipe, and
 * must be read before it is judged.
 */
function withoutOwnPause(view: WatchdogView, nowMs: number, pauseMs: number): WatchdogView {
  if (pauseMs < shortestPauseMs) return view;
  log({ wasStoppedForMs: pauseMs });
  return { ...view, heartbeatAtMs: Math.min(nowMs, view.heartbeatAtMs + pauseMs) };
}

function abort(fd: number): boolean {
  try {
    writeSync(fd, '1');
    return true;
  } catch (error) {
    log({ cannotAbort: String(error) });
    return false;
  }
}

/** A process that inherits /dev/fuse keeps a dead daemon's connection alive, and everybody on it waiting. */
function closeInheritedFuse(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    let target: string;
    try {
      target = readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      continue;
    }
    if (target !== '/dev/fuse') continue;
    log({ closedInherited: target, fd: Number(name) });
    closeSync(Number(name));
  }
}

/** Wakes the one who waits, or who is about to. */
class Bell {
  #wake: (() => void) | undefined;
  #rung = false;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async wait(ms: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    // After having been stopped for a while the timer fires before the heartbeats that wait in the pipe are read.
    await new Promise((resolve) => setImmediate(resolve));
    this.#wake = undefined;
    this.#rung = false;
  }
}

function listen(fd: number, on: { line: (line: string) => void; end: () => void }): void {
  const socket = new Socket({ fd, readable: true, writable: false });
  let rest = '';
  let hasEnded = false;
  const end = (): void => {
    if (!hasEnded) on.end();
    hasEnded = true;
  };
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) on.line(line);
  });
  socket.on('end', end);
  socket.on('close', end);
  socket.on('error', (error) => log({ readError: String(error), fd }));
}

function answer(message: FromWatchdog): void {
  putLine(answerFd, message);
  if (message.event === 'refused') log(message);
}
