/**
 * Waits until the kernel is stuck on so many requests.  The daemon's own count is the only evidence: a
 * workload that has written tells nothing about what has reached the server.  It is polled and not listened to: only
 * the daemon can tell what a path matches, and a wait must not take one of the places of those who listen.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlError } from '../contract/errors.js';
import type { HeldAnswer, HeldQuery } from '../contract/held.js';
import type { Amount, OpcodeName } from '../contract/scalars.js';

const defaultPollMs = 20;
/** What the poll at the deadline may still take: cut shorter, it would hide how much is held. */
const lastPollMs = 1000;

export interface WaitForHeld {
  /** At least so many. */
  readonly requests: number;
  readonly opcode?: OpcodeName;
  /** A glob over the path inside the mount. */
  readonly path?: string;
  readonly timeoutMs: number;
  readonly pollMs?: number;
}

export interface Clock {
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

export const systemClock: Clock = { nowMs: () => performance.now(), sleep: (ms) => sleep(ms) };

interface Listing {
  held(query: Partial<HeldQuery>, options: { timeoutMs: number }): Promise<HeldAnswer>;
}

/** Throws ControlError TIMEOUT at the deadline, or at once whatever the listing throws. */
export async function waitForHeld(
  client: Listing,
  wanted: WaitForHeld,
  clock: Clock,
  exchangeTimeoutMs: number,
): Promise<Amount> {
  const { requests, opcode, path, timeoutMs, pollMs = defaultPollMs } = wanted;
  const deadline = clock.nowMs() + timeoutMs;
  let seen: Amount | undefined;
  for (;;) {
    const leftMs = deadline - clock.nowMs();
    if (leftMs <= 0 && seen !== undefined) break;
    const { total } = await client.held(
      { opcode, path, limit: 0 },
      { timeoutMs: Math.min(exchangeTimeoutMs, Math.max(leftMs, lastPollMs)) },
    );
    if (total.requests >= requests) return total;
    seen = total;
    await clock.sleep(Math.min(pollMs, Math.max(0, deadline - clock.nowMs())));
  }
  const what = `held ${opcode ?? 'requests'}${path === undefined ? '' : ` of ${path}`}`;
  throw new ControlError(
    'TIMEOUT',
    `waited ${timeoutMs} ms for ${requests} ${what}; ${seen.requests} (${seen.bytes} bytes) were held at the end`,
    { field: 'requests', value: seen.requests },
  );
}
