/**
 * Waiting in the runner: on conditions, with a deadline, broken off when the run is interrupted or when a child
 * that the wait depends on has been killed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { StuckfsError } from '../base/errors.js';
import { patient } from '../base/patience.js';

/** The condition did not come true in time. */
export class DeadlineError extends StuckfsError {
  override readonly code = 'DEADLINE';
}

const POLL_MS = 20;

export class Deadlines {
  constructor(
    private readonly signal: AbortSignal,
    /** Throws when there is no point in waiting any longer. */
    private readonly checkAlive: () => void,
  ) {}

  /** Throws when the run was interrupted or a child is gone. */
  check(): void {
    this.signal.throwIfAborted();
    this.checkAlive();
  }

  async sleep(ms: number): Promise<void> {
    await delay(Math.max(0, ms), undefined, { signal: this.signal });
  }

  /** @param withinMs on a fast machine: for conditions that come true unless something is broken */
  async until(what: string, withinMs: number, condition: () => Promise<boolean>): Promise<void> {
    const deadlineMs = patient(withinMs);
    const untilMs = performance.now() + deadlineMs;
    while (!(await condition())) {
      this.check();
      if (performance.now() > untilMs)
        throw new DeadlineError(`waited ${deadlineMs.toFixed(0)} ms for ${what}`);
      await this.sleep(POLL_MS);
    }
  }

  /** The answer, or a DeadlineError. */
  async answer<T>(what: string, withinMs: number, promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    await this.until(what, withinMs, async () => settled);
    return promise;
  }
}
