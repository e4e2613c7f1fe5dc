/**
 * The daemon's side of its watchdog: starts the process, waits until it is armed, feeds it heartbeats.
 * No fault may be armed before `spawnWatchdog` has resolved, nor after `ended` has.
 * The leash is read by the watchdog alone: a daemon that reads the same descriptor takes the runner's bye from it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { StuckfsError } from '../base/errors.js';
import { childEnvironment } from './child-environment.js';
import type { ProcessIdentity } from './machine.js';
import type { StateDirectory } from './state-directory.js';
import { parseFromWatchdog, type ToWatchdog, type WatchdogArguments } from './watchdog-messages.js';

/** The watchdog did not start, or could not open the abort file. */
export class WatchdogError extends StuckfsError {
  override readonly code = 'WATCHDOG';
}

export interface WatchdogOptions {
  /** Of the mount; the watchdog is written down in it, and its log lies there (watchdog.log). */
  readonly directory: StateDirectory;
  /** …/connections/N/abort: fuseAbortPath of the kernel room. */
  readonly abortPath: string;
  /** The age of a held request at which the connection is aborted. */
  readonly maxHoldMs: number;
  /**
   * A descriptor of ours whose other end the runner holds: its end of file is the runner's death.  `pipe` where this
   * process is the runner itself.
   */
  readonly leashFd?: number | 'pipe';
  /** The state directory of the run that this mount belongs to. */
  readonly runDirectory?: string;
  readonly armedWithinMs?: number;
}

export interface Watchdog extends ProcessIdentity {
  /** Every heartbeatIntervalMs, and at once when it changes. @param oldestHeldMs null where nothing is held */
  heartbeat(oldestHeldMs: number | null): void;
  /**
   * Said when nothing is mounted any more: the watchdog then does not abort.  Resolves when it has closed the abort
   * file, so that fusectl can be unmounted, or at once where it has ended.
   */
  bye(): Promise<void>;
  /** Resolves with the reason when it has aborted the connection. */
  readonly aborted: Promise<string>;
  /** Resolves when it has ended: before `bye`, nothing guards this mount any more. It keeps no event loop alive. */
  readonly ended: Promise<void>;
}

const productionEntry = new URL('./watchdog-main.js', import.meta.url);

/** @param entry another entry than watchdog-main.js, for tests */
export async function spawnWatchdog(
  options: WatchdogOptions,
  entry: URL = productionEntry,
): Promise<Watchdog> {
  const { directory, abortPath, maxHoldMs, leashFd, runDirectory } = options;
  const args: WatchdogArguments = {
    abortPath,
    maxHoldMs,
    stateDirectory: directory.path,
    hasLeash: leashFd !== undefined,
    ...(runDirectory === undefined ? {} : { runDirectory }),
  };
  const logFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const logFd = openSync(directory.file('watchdog.log'), logFlags, 0o600);
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [fileURLToPath(entry), JSON.stringify(args)], {
      // A session of its own: Ctrl-C in the terminal does not reach it.
      detached: true,
      // Never below the mount.
      cwd: '/',
      env: childEnvironment(),
      stdio: ['pipe', 'pipe', logFd, ...(leashFd === undefined ? [] : [leashFd])],
    });
  } finally {
    closeSync(logFd);
  }
  const { stdin, stdout } = child;
  if (child.pid === undefined || stdin === null || stdout === null) {
    const cause = await new Promise<unknown>((resolve) => child.once('error', resolve));
    throw new WatchdogError('the watchdog could not be started', { cause });
  }
  const { pid, startTime } = directory.addProcess('watchdog', child.pid);
  const conversation = converse(child, stdin, stdout);
  const refusal = await within(options.armedWithinMs ?? 5000, conversation.armed);
  if (refusal !== undefined) {
    child.kill('SIGKILL');
    throw new WatchdogError(`the watchdog is not armed: ${refusal}`);
  }
  child.unref();
  return {
    pid,
    startTime,
    heartbeat: (oldestHeldMs) => conversation.say({ oldestHeldMs }),
    bye: () => {
      conversation.say({ bye: true });
      stdin.end();
      return Promise.race([conversation.disarmed, conversation.ended]);
    },
    aborted: conversation.aborted,
    ended: conversation.ended,
  };
}

interface Conversation {
  say(message: ToWatchdog): void;
  /** Undefined when armed, else why not. */
  readonly armed: Promise<string | undefined>;
  readonly aborted: Promise<string>;
  readonly disarmed: Promise<void>;
  readonly ended: Promise<void>;
}

function converse(child: ChildProcess, stdin: Writable, stdout: Readable): Conversation {
  const armed = deferred<string | undefined>();
  const aborted = deferred<string>();
  const disarmed = deferred<void>();
  const ended = deferred<void>();
  let rest = '';
  stdout.setEncoding('utf8');
  stdout.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const message of lines.map(parseFromWatchdog)) {
      if (message?.event === 'armed') armed.resolve(undefined);
      if (message?.event === 'refused') armed.resolve(message.reason);
      if (message?.event === 'disarmed') disarmed.resolve();
      if (message?.event === 'aborted') aborted.resolve(message.reason);
    }
  });
  // Its death is told by `ended`; a heartbeat that then finds nobody is no error of the daemon's.
  stdin.on('error', () => undefined);
  stdout.on('error', () => undefined);
  child.once('exit', (code, signal) => {
    armed.resolve(`it ended at once (${signal ?? `status ${code}`}); see watchdog.log`);
    ended.resolve();
  });
  // Where we hold the leash ourselves it must only end with us, and not throw when the watchdog ends first.
  child.stdio[3]?.on('error', () => undefined);
  for (const stream of [stdin, stdout, child.stdio[3] ?? stdin])
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
  return {
    say: (message) => {
      if (stdin.writable) stdin.write(`${JSON.stringify(message)}\n`);
    },
    armed: armed.promise,
    aborted: aborted.promise,
    disarmed: disarmed.promise,
    ended: ended.promise,
  };
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle(value) };
}

async function within(ms: number, armed: Promise<string | undefined>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`it has not answered within ${ms} ms`), ms);
  });
  try {
    return await Promise.race([armed, late]);
  } finally {
    clearTimeout(timer);
  }
}
