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
/** Where to look takes long, on a slow machine, as long again is waited before the next look; at most this. */
const MOST_POLL_MS = 250;
/** Nobody is killed often: on a slow machine to look for it takes as long as what is waited for. */
const ALIVE_MS = 100;

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
    const leftMs = this.countdown(what, withinMs);
    let aliveAtMs = Number.NEGATIVE_INFINITY;
    let lookedAtMs = performance.now();
    while (!(await condition())) {
      this.signal.throwIfAborted();
      const nowMs = performance.now();
      if (nowMs >= aliveAtMs + patient(ALIVE_MS)) {
        this.checkAlive();
        aliveAtMs = nowMs;
      }
      await this.pause(lookedAtMs, POLL_MS, leftMs());
      lookedAtMs = performance.now();
    }
  }

  /** The answer, or a DeadlineError. */
  async answer<T>(what: string, withinMs: number, promise: Promise<T>): Promise<T> {
    const leftMs = this.countdown(what, withinMs);
    const settled = promise.then(
      () => true,
      () => true,
    );
    while (!(await Promise.race([settled, this.sleep(Math.min(leftMs(), patient(ALIVE_MS)))]))) this.check();
    return promise;
  }

  /** Between two looks: `leastMs`, and so long that looking takes half of the time at most; never beyond `leftMs`. */
  async pause(lookedAtMs: number, leastMs: number, leftMs: number): Promise<void> {
    const tookMs = performance.now() - lookedAtMs;
    await this.sleep(Math.min(Math.max(leastMs, Math.min(tookMs, MOST_POLL_MS)), leftMs));
  }

  /** What is left of the time, or a DeadlineError. */
  private countdown(what: string, withinMs: number): () => number {
    const deadlineMs = patient(withinMs);
    const untilMs = performance.now() + deadlineMs;
    return () => {
      const leftMs = untilMs - performance.now();
      if (leftMs > 0) return leftMs;
      throw new DeadlineError(`waited ${deadlineMs.toFixed(0)} ms for ${what}`);
    };
  }
}
