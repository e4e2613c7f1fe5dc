/**
 * The action `never`: a hold that a release passes over unless it is named by its unique, by its fault, or by
 * `never` itself.  Left alone it ends with the connection: by an abort, or by the end of the mount.
 */
import * as z from 'zod';
import type { ActionKind } from './action-kind.js';
import { strictShape } from './strict-shape.js';

const NeverSpec = strictShape({ type: z.literal('never') });
type Never = z.output<typeof NeverSpec>;

export interface NeverDecision {
  readonly kind: 'never';
  readonly faultId: number;
  readonly reason: string;
}

export const never = {
  spec: NeverSpec,
  nrWords: 0,
  toWords: () => [],
  fromWords: () => ({ type: 'never' }),
  compile(_never, { faultId, reason }) {
    const decision: NeverDecision = { kind: 'never', faultId, reason };
    return () => decision;
  },
} as const satisfies ActionKind<Never, NeverDecision>;
