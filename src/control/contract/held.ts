/**
 * Held requests: how they are listed and how they are released.
 * Filters of one message are joined by "and"; a message without filters means every held request.
 */
import * as z from 'zod';
import { GlobSpec, OpcodeSpec } from '../../fault/fault.js';
import { Amount, CountByOpcode, count, fromText, identifier, OpcodeNameText, UniqueText } from './scalars.js';

/** A request that the kernel waits for, or a WRITE whose data is kept after the answer, as struct fuse_in_header and the opcode's own struct describe it. */
export const HeldRequest = z.object({
  unique: UniqueText.describe('fuse_in_header.unique, a u64 in decimal.'),
  opcode: OpcodeNameText,
  nodeid: count.describe('fuse_in_header.nodeid; 0 for a request about no inode.'),
  path: z.string().nullable().describe('Path inside the mount; null once the inode has no name.'),
  offset: count.nullable().describe('Bytes into the file; null where the opcode has no offset.'),
  size: count.nullable().describe('Bytes of file data; null where the opcode carries none.'),
  ageMs: z.number().min(0).describe('Milliseconds since the daemon read the request.'),
  pid: count.describe('fuse_in_header.pid; 0 for writeback, which no process asked for.'),
  reason: z.string().describe('Why it is held, in words.'),
  pinned: z.boolean().describe('True for a WRITE that has been answered while its data stays in a pipe.'),
  faultId: identifier
    .nullable()
    .describe('The fault that holds it; null when none of those now listed does.'),
});
export type HeldRequest = z.output<typeof HeldRequest>;

export const HeldQuery = z.strictObject({
  opcode: OpcodeSpec.optional(),
  path: GlobSpec.optional().describe('A glob over the path inside the mount.'),
  nodeid: fromText(identifier).optional(),
  limit: fromText(z.int().min(0).max(100_000)).default(1000).describe('At most so many; 0 asks for totals.'),
  offset: fromText(count).default(0).describe('Skip so many of the oldest.'),
});
/** What is asked for, checked. */
export type HeldQuery = z.output<typeof HeldQuery>;

export const HeldAnswer = z.object({
  held: z.array(HeldRequest).describe('Oldest first.'),
  total: Amount.describe('Of all that match, whatever the limit.'),
  pinned: Amount.describe('Of those among them that have been answered and whose data is kept.'),
  byOpcode: CountByOpcode.describe('Of all that match, whatever the limit.'),
});
export type HeldAnswer = z.output<typeof HeldAnswer>;

export const ReleaseBody = z.strictObject({
  opcodes: z.array(OpcodeSpec).min(1).optional(),
  path: GlobSpec.optional().describe('A glob over the path inside the mount.'),
  nodeid: identifier.optional(),
  uniques: z.array(UniqueText).min(1).optional(),
  faultId: identifier.optional().describe('Only what this fault holds.'),
  never: z
    .boolean()
    .optional()
    .describe(
      'Also what the action never holds, which is else passed over unless uniques or faultId names it.',
    ),
  count: identifier.optional().describe('At most so many, taken in the given order.'),
  order: z.enum(['fifo', 'reversed']).default('fifo').describe('Oldest first, or newest first.'),
});
export type ReleaseInput = z.input<typeof ReleaseBody>;
export type ReleaseOrder = z.output<typeof ReleaseBody>;

export const ReleaseAnswer = z.object({
  released: count.describe('Requests answered now, and pins let go.'),
  bytes: count.describe('Bytes of file data of those requests.'),
  remaining: count.describe('Requests still held, whether they matched or not.'),
});
export type ReleaseAnswer = z.output<typeof ReleaseAnswer>;

export const UnplugAnswer = z.object({
  changed: z.boolean().describe('False when it was unplugged already.'),
});
export type UnplugAnswer = z.output<typeof UnplugAnswer>;

export const PlugAnswer = ReleaseAnswer.extend({
  changed: z.boolean().describe('False when it was not unplugged.'),
});
export type PlugAnswer = z.output<typeof PlugAnswer>;
