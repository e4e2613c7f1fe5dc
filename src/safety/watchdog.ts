/**
 * The daemon's side of its watchdog: starts the process, waits until it is armed, feeds it heartbeats.
 * No fault may be armed before `spawnWatchdog` has resolved, nor after `ended` has.
 * The leash is read by the watchdog alone: a daemon that reads the same descriptor takes the runner's bye from it.
 */
import { StuckfsError } from '../base/errors.js';
import { patient } from '../base/patience.js';
import { type DetachedChild, spawnDetached, unrefChild } from './detached-child.js';
import type { ProcessIdentity } from './machine.js';
import type { StateDirectory } from './state-directory.js';
import { parseFromWatchdog, type ToWatchdog, type WatchdogArguments } from './watchdog-messages.js';

/** The watchdog does not answer, or could not open the abort file. */
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
  const child = await spawnDetached({
    role: 'watchdog',
    entry,
    argument: JSON.stringify(args),
    directory,
    leash: leashFd,
  });
  const { pid, startTime, stdin } = child;
  const conversation = converse(child);
  const refusal = await within(options.armedWithinMs ?? patient(5000), conversation.armed);
  if (refusal !== undefined) {
    child.process.kill('SIGKILL');
    throw new WatchdogError(`the watchdog is not armed: ${refusal}`);
  }
  unrefChild(child);
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

function converse({ process: child, stdin, stdout }: DetachedChild): Conversation {
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
  child.once('exit', (code, signal) => {
    armed.resolve(`it ended at once (${signal ?? `status ${code}`}); see watchdog.log`);
    ended.resolve();
  });
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
