/**
 * When the watchdog aborts: a pure function of what it has seen and of the time.
 * Times are CLOCK_MONOTONIC milliseconds.  No input or output here, and no state.
 */

/** How often the daemon says how it is, at the least. */
export const heartbeatIntervalMs = 500;
/** A daemon that holds nothing may be late by this much, however short the longest hold is. */
const shortestSilenceMs = 4 * heartbeatIntervalMs;
/** For so long at the most a death that was announced is left to have its own effect. */
const longestDeathGraceMs = 5000;
/** However long requests may be held, a daemon that says nothing for this long hangs and holds them all. */
const longestSilenceMs = 10_000;

export type AbortReason = 'held-too-long' | 'no-heartbeat' | 'daemon-died' | 'runner-died';

export interface WatchdogView {
  readonly maxHoldMs: number;
  /** The last heartbeat; the moment of arming until the first. */
  readonly heartbeatAtMs: number;
  /** The age of the oldest held request at that moment; null where none was held. */
  readonly oldestHeldMs: number | null;
  /** `bye` is said by a daemon that has cleaned up and is about to end. */
  readonly daemon: 'alive' | 'bye' | 'ended-after-bye' | 'died';
  /** When its death was heard of. */
  readonly diedAtMs?: number;
  /** The runner has announced that it will kill the daemon, and for how long that is not to be answered by an abort. */
  readonly deathGraceMs?: number;
  /** The runner's end of the leash; `none` also after the runner has said bye. */
  readonly leash: 'none' | 'held' | 'dropped';
  readonly hasAborted: boolean;
  /** base/patience.ts: a slow machine's daemon is silent for longer. 1 by default. */
  readonly patience?: number;
}

export type Decision =
  /** Look again at this time, or when something is heard. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'abort'; readonly reason: AbortReason }
  /** Nobody is left to watch: clean up what they left, and end. */
  | { readonly kind: 'finish'; readonly because: 'daemon-died' | 'runner-died' | 'daemon-ended' };

export function decide(view: WatchdogView, nowMs: number): Decision {
  if (view.daemon === 'ended-after-bye') return { kind: 'finish', because: 'daemon-ended' };
  const dead = view.daemon === 'died' ? 'daemon-died' : view.leash === 'dropped' ? 'runner-died' : undefined;
  if (dead !== undefined) {
    const graceEndsMs = graceEnd(view);
    if (view.leash === 'held' && nowMs < graceEndsMs) return { kind: 'wait', untilMs: graceEndsMs };
    return view.hasAborted ? { kind: 'finish', because: dead } : { kind: 'abort', reason: dead };
  }
  // After an abort nothing is held any more; what is left to wait for is the end of the daemon or of the runner.
  if (view.hasAborted || view.daemon === 'bye') return { kind: 'wait', untilMs: Number.POSITIVE_INFINITY };
  const holdEndsMs =
    view.oldestHeldMs === null
      ? Number.POSITIVE_INFINITY
      : view.heartbeatAtMs + view.maxHoldMs - view.oldestHeldMs;
  if (nowMs > holdEndsMs) return { kind: 'abort', reason: 'held-too-long' };
  const silenceEndsMs =
    view.heartbeatAtMs +
    (view.patience ?? 1) * Math.max(Math.min(view.maxHoldMs, longestSilenceMs), shortestSilenceMs);
  if (nowMs > silenceEndsMs) return { kind: 'abort', reason: 'no-heartbeat' };
  return { kind: 'wait', untilMs: Math.min(holdEndsMs, silenceEndsMs) };
}

/** A death that was announced, by a runner that lives, is left alone until then. */
function graceEnd({ daemon, diedAtMs, deathGraceMs }: WatchdogView): number {
  if (daemon !== 'died' || diedAtMs === undefined || deathGraceMs === undefined)
    return Number.NEGATIVE_INFINITY;
  return diedAtMs + Math.min(deathGraceMs, longestDeathGraceMs);
}
