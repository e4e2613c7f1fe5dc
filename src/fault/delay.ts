/**
 * The action `delay`: the reply is given later: after a drawn time, or at the pace of a rate.  Only says for how
 * long; the daemon has the clock.
 */
import * as z from 'zod';
import type { ActionKind } from './action-kind.js';
import {
  compileDistribution,
  DistributionSpec,
  formatDistribution,
  parseDistribution,
} from './distribution.js';
import { strictShape } from './strict-shape.js';

const DelaySpec = strictShape({ type: z.literal('delay'), distribution: DistributionSpec });
type Delay = z.output<typeof DelaySpec>;

export interface DelayDecision {
  readonly kind: 'delay';
  readonly faultId: number;
  readonly reason: string;
  /** Milliseconds from the request's arrival to its reply; may have a fraction. */
  readonly delayMs: number;
}

export const delay = {
  spec: DelaySpec,
  nrWords: 1,
  toWords: (delay: Delay) => [formatDistribution(delay.distribution)],
  fromWords: ([distribution = '']: readonly string[]) => ({
    type: 'delay',
    distribution: parseDistribution('delay', distribution),
  }),
  compile(delay, { faultId, reason, random }) {
    const draw = compileDistribution(delay.distribution, random);
    return (subject): DelayDecision => ({ kind: 'delay', faultId, reason, delayMs: draw(subject) });
  },
} as const satisfies ActionKind<Delay, DelayDecision>;
