/** The longest that a fault may keep one answer, to be held against the maximum hold time. */
import type { Action } from '../fault/actions.js';

/** Above this many standard deviations a normal delay does not come up in practice (1 in 10^9). */
const SIGMAS = 6;

/** ms; 0 for a hold, which somebody releases. */
export function longestDelayMs(action: Action): number {
  if (action.type === 'hold') return 0;
  const { distribution } = action;
  switch (distribution.kind) {
    case 'fixed':
      return distribution.ms;
    case 'uniform':
      return distribution.maxMs;
    case 'normal':
      return distribution.meanMs + SIGMAS * distribution.stddevMs;
  }
}
