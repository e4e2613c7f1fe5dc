/**
 * Waits until a plan has come to its end, by asking the daemon how far it is.
 */
import { ControlError } from '../contract/errors.js';
import type { PlanStatus } from '../contract/plans.js';
import type { Clock } from './wait-for-held.js';

const defaultPollMs = 50;
/** What the poll at the deadline may still take: cut shorter, it would hide how far the plan is. */
const lastPollMs = 1000;

export interface WaitForPlan {
  readonly timeoutMs: number;
  readonly pollMs?: number;
}

interface Asking {
  plan(options: { timeoutMs: number }): Promise<PlanStatus>;
}

/** Throws ControlError TIMEOUT at the deadline, or at once whatever the asking throws. */
export async function waitForPlan(
  client: Asking,
  { timeoutMs, pollMs = defaultPollMs }: WaitForPlan,
  clock: Clock,
  exchangeTimeoutMs: number,
): Promise<PlanStatus> {
  const deadline = clock.nowMs() + timeoutMs;
  for (;;) {
    const leftMs = deadline - clock.nowMs();
    const status = await client.plan({
      timeoutMs: Math.min(exchangeTimeoutMs, Math.max(leftMs, lastPollMs)),
    });
    if (status.state !== 'running') return status;
    if (leftMs <= 0) throw late(status, timeoutMs);
    await clock.sleep(Math.min(pollMs, leftMs));
  }
}

function late({ phases, waitsFor }: PlanStatus, timeoutMs: number): ControlError {
  const phase = phases.find(({ state }) => state === 'current')?.name;
  const what = `the plan is not at its end after ${timeoutMs} ms; it is in "${phase}" and waits for ${waitsFor}`;
  return new ControlError('TIMEOUT', what, { field: 'timeout', value: timeoutMs });
}
