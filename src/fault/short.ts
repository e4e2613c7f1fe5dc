/**
 * The action `short`: a READ or a WRITE is answered with fewer bytes than asked, and of a WRITE only those bytes
 * are applied.  Never with more: fuse_dev_do_write() and fuse_send_write() in fs/fuse refuse that.
 */
import * as z from 'zod';
import { UsageError } from '../base/errors.js';
import { formatSize, parseSize } from '../base/size.js';
import type { ActionKind } from './action-kind.js';
import { strictShape } from './strict-shape.js';

const ShortSpec = strictShape({
  type: z.literal('short'),
  /** At most so many bytes of each request. */
  bytes: z.int().min(0).optional(),
  /** This share of the bytes asked for, rounded down. */
  percent: z.number().min(0).lt(100).optional(),
}).refine((short) => (short.bytes === undefined) !== (short.percent === undefined), {
  path: ['bytes'],
  error: 'give either bytes or percent',
});
type Short = z.output<typeof ShortSpec>;

export interface ShortDecision {
  readonly kind: 'short';
  readonly faultId: number;
  readonly reason: string;
  /** Never more than asked. */
  readonly sizeBytes: number;
}

export const short = {
  spec: ShortSpec,
  opcodes: ['FUSE_READ', 'FUSE_WRITE'],
  nrWords: 1,
  toWords: ({ bytes, percent }: Short) => [bytes === undefined ? `${percent}%` : formatSize(bytes)],
  fromWords([word = '']: readonly string[]) {
    const [, percent] = /^(\d{1,3}(?:\.\d{1,30})?(?:e-\d{1,3})?)%$/.exec(word) ?? [];
    if (percent !== undefined) return { type: 'short', percent: Number(percent) };
    if (!/^\d/.test(word))
      throw new UsageError('short', word, 'give bytes (4096, 64K) or a share of those asked for (50%)');
    return { type: 'short', bytes: parseSize('short', word) };
  },
  compile({ bytes, percent = 0 }, { faultId, reason }) {
    return ({ size = 0 }): ShortDecision => ({
      kind: 'short',
      faultId,
      reason,
      sizeBytes: bytes === undefined ? Math.floor((size * percent) / 100) : Math.min(size, bytes),
    });
  },
} as const satisfies ActionKind<Short, ShortDecision>;
