/**
 * Cleanup that is registered before the risky act and runs once, last in first out, however the process ends:
 * success, failure, SIGINT, SIGTERM, SIGHUP, an uncaught exception or rejection.  SIGKILL is the guard's.
 */
import { constants } from 'node:os';
import { StuckfsError } from '../base/errors.js';

/** Something was begun after the cleanup had started, or the cleanup failed (the causes are in `cause`). */
export class CleanupError extends StuckfsError {
  override readonly code = 'CLEANUP';
}

export interface CleanupFailure {
  readonly name: string;
  readonly error: unknown;
}

export class CleanupStack implements AsyncDisposable {
  readonly #entries: { readonly name: string; readonly act: () => void | Promise<void> }[] = [];
  #running: Promise<readonly CleanupFailure[]> | undefined;

  /** Registers what undoes the act that comes next. Too late once the stack runs: then it throws. */
  defer(name: string, act: () => void | Promise<void>): void {
    if (this.#running !== undefined) {
      throw new CleanupError(`${name}: the cleanup runs already, so this must not begin`);
    }
    this.#entries.push({ name, act });
  }

  /** Runs each, whatever becomes of the others; every call answers the same failures. */
  run(): Promise<readonly CleanupFailure[]> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures = await this.run();
    if (failures.length > 0) {
      const names = failures.map(({ name }) => name).join(', ');
      throw new CleanupError(`cleanup failed: ${names}`, { cause: failures.map(({ error }) => error) });
    }
  }

  async #runAll(): Promise<readonly CleanupFailure[]> {
    const failures: CleanupFailure[] = [];
    for (const { name, act } of this.#entries.toReversed()) {
      try {
        await act();
      } catch (error) {
        failures.push({ name, error });
      }
    }
    return failures;
  }
}

export type ExitCause =
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'exception'; readonly error: unknown };

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs the stack and exits when a signal comes (status 128 + its number) or nobody caught an error (status 1).
 * Signals and errors that come while it runs change nothing: an impatient second Ctrl-C must not leave the machine
 * wedged.
 * @param tell hears why the process ends, before the cleanup, and what of it failed, after
 * @returns takes the handlers away again
 */
export function cleanUpOnExit(
  stack: CleanupStack,
  tell: (cause: ExitCause, failures?: readonly CleanupFailure[]) => void,
): () => void {
  let isEnding = false;
  const end = (cause: ExitCause, status: number): void => {
    if (isEnding) return;
    isEnding = true;
    void finish(stack, cause, status, tell);
  };
  const onSignal = (signal: NodeJS.Signals): void =>
    end({ kind: 'signal', signal }, 128 + (constants.signals[signal] ?? 0));
  const onError = (error: unknown): void => end({ kind: 'exception', error }, 1);
  for (const signal of signals) process.on(signal, onSignal);
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
    process.off('uncaughtException', onError);
    process.off('unhandledRejection', onError);
  };
}

async function finish(
  stack: CleanupStack,
  cause: ExitCause,
  status: number,
  tell: (cause: ExitCause, failures?: readonly CleanupFailure[]) => void,
): Promise<void> {
  const say = (failures?: readonly CleanupFailure[]): void => {
    try {
      tell(cause, failures);
    } catch {
      // A terminal that went away (EIO, EPIPE) must not keep the cleanup from running.
    }
  };
  say();
  const failures = await stack.run();
  if (failures.length > 0) say(failures);
  process.exit(status);
}
