/** The longest that a fault is known to keep one answer, to be held against the maximum hold time. */
import { PAGE_BYTES } from '../base/page-size.js';
import type { Action } from '../fault/actions.js';
import type { DaemonConfig } from './config.js';

/** Above this many standard deviations a normal delay does not come up in practice (1 in 10^9). */
const SIGMAS = 6;
/** The same for an exponential one, in means: ln(10^9). */
const MEANS = 20.8;

/**
 * ms; 0 for an action that does not say how long.
 * @param maxRequestBytes data of the largest request: at a rate, what waits before it comes on top and is not known
 */
export function longestDelayMs(action: Action, maxRequestBytes: number): number {
  if (action.type !== 'delay') return 0;
  const { distribution } = action;
  switch (distribution.kind) {
    case 'fixed':
      return distribution.ms;
    case 'uniform':
      return distribution.maxMs;
    case 'normal':
      return distribution.meanMs + SIGMAS * distribution.stddevMs;
    case 'exponential':
      return MEANS * distribution.meanMs;
    case 'rate':
      return (maxRequestBytes / distribution.bytesPerSecond) * 1000;
  }
}

/** What is wrong with such a delay under this configuration; undefined when nothing is. */
export function complaintAboutDelay(
  action: Action,
  { maxHoldMs, maxPages }: Pick<DaemonConfig, 'maxHoldMs' | 'maxPages'>,
): string | undefined {
  const longestMs = longestDelayMs(action, maxPages * PAGE_BYTES);
  if (longestMs <= maxHoldMs) return undefined;
  return (
    `a delay of up to ${longestMs} ms is longer than --max-hold (${maxHoldMs} ms), after which the ` +
    'watchdog aborts: shorten it or mount with a longer --max-hold'
  );
}
