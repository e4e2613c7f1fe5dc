/**
 * The action `fail`: the request is answered with an errno and not carried out; a WRITE reaches no store.
 * Authority: fuse_dev_do_write() in fs/fuse/dev.c takes -511 to 0 as the error of a reply, so every errno of
 * base/errno.ts; ENOSYS it keeps in mind, and for many opcodes it never asks again (fc->no_open, no_flush ...).
 */
import * as z from 'zod';
import { Errno, type ErrnoName } from '../base/errno.js';
import { UsageError } from '../base/errors.js';
import type { ActionKind } from './action-kind.js';
import { strictShape } from './strict-shape.js';

const remedy = 'give the name of an errno, such as EIO, ENOSPC or ETIMEDOUT';

const FailSpec = strictShape({
  type: z.literal('fail'),
  errno: z.enum(Object.keys(Errno) as ErrnoName[], { error: remedy }),
});
type Fail = z.output<typeof FailSpec>;

export interface FailDecision {
  readonly kind: 'fail';
  readonly faultId: number;
  readonly reason: string;
  /** Positive. */
  readonly errno: number;
}

export const fail = {
  spec: FailSpec,
  nrWords: 1,
  toWords: ({ errno }: Fail) => [errno],
  fromWords([word]: readonly string[]) {
    const errno = word?.toUpperCase() ?? '';
    if (!Object.hasOwn(Errno, errno)) throw new UsageError('fail', word, remedy);
    return { type: 'fail', errno };
  },
  compile({ errno }, { faultId, reason }) {
    const decision: FailDecision = { kind: 'fail', faultId, reason, errno: Errno[errno] };
    return () => decision;
  },
} as const satisfies ActionKind<Fail, FailDecision>;
