/**
 * The action `pin`: a WRITE is answered at once and its data stays in the pipe that it was spliced into, so that each
 * of its folios has a reference more, without writeback, until someone releases it.
 */
import * as z from 'zod';
import type { ActionKind } from './action-kind.js';
import { strictShape } from './strict-shape.js';

const PinSpec = strictShape({ type: z.literal('pin') });
type Pin = z.output<typeof PinSpec>;

export interface PinDecision {
  readonly kind: 'pin';
  readonly faultId: number;
  readonly reason: string;
}

export const pin = {
  spec: PinSpec,
  /** Only a WRITE brings folios; the page of a header is the daemon's own. */
  opcodes: ['FUSE_WRITE'],
  nrWords: 0,
  toWords: () => [],
  fromWords: () => ({ type: 'pin' }),
  compile(_pin, { faultId, reason }) {
    const decision: PinDecision = { kind: 'pin', faultId, reason };
    return () => decision;
  },
} as const satisfies ActionKind<Pin, PinDecision>;
