/**
 * The action `hold`: the reply is kept until someone releases it.
 */
import * as z from 'zod';
import type { ActionKind } from './action-kind.js';
import { strictShape } from './strict-shape.js';

const HoldSpec = strictShape({ type: z.literal('hold') });
type Hold = z.output<typeof HoldSpec>;

export interface HoldDecision {
  readonly kind: 'hold';
  readonly faultId: number;
  readonly reason: string;
}

export const hold = {
  spec: HoldSpec,
  nrWords: 0,
  toWords: () => [],
  fromWords: () => ({ type: 'hold' }),
  compile(_hold, { faultId, reason }) {
    const decision: HoldDecision = { kind: 'hold', faultId, reason };
    return () => decision;
  },
} as const satisfies ActionKind<Hold, HoldDecision>;
