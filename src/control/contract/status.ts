/**
 * What a daemon says about itself, and how it is ended.
 * The limits under `protocol` are those that INIT settled (struct fuse_init_out), not those that were asked
 * for; the kernel can lower max_background later through fusectl, which this does not see.
 */
import * as z from 'zod';
import { Amount, CountByOpcode, count, identifier } from './scalars.js';

const ProtocolStatus = z.object({
  major: count,
  minor: count,
  flags: z
    .array(z.string())
    .describe('Settled INIT flags by their kernel names, such as FUSE_WRITEBACK_CACHE.'),
  maxWriteBytes: count,
  maxPages: count,
  maxBackground: count,
  congestionThreshold: count,
  maxReadaheadBytes: count,
});

/** What the transport can do, whether or not it is used. */
const Capabilities = z.object({
  writebackCache: z.boolean().describe('Data of write(2) can stay dirty and come as writeback.'),
  maxHeld: count
    .nullable()
    .describe('Asynchronous requests that can be held at once; null where only memory limits them.'),
  spliceRead: z.boolean().describe('Requests can be read by splice(2), and WRITEs pinned.'),
  spliceWrite: z.boolean().describe('READs can be answered by splice(2).'),
  move: z.boolean().describe('And with SPLICE_F_MOVE.'),
});

const StoreStatus = z.object({
  kind: z.enum(['memory', 'backing']).describe('Where the files are: in memory, or in a backing directory.'),
  directory: z.string().nullable().describe('The backing directory; null for a store in memory.'),
  usedBytes: count.describe('backing: of its whole filesystem, as df(1) has it.'),
  maxBytes: count,
  inodes: count.describe('memory: all files; backing: those that the mount knows now.'),
  maxInodes: count.nullable().describe('null for a backing directory.'),
  failure: z
    .string()
    .nullable()
    .describe('What went wrong last with the backing directory; null when nothing did.'),
});

const HeldStatus = Amount.extend({
  oldestMs: z.number().min(0).nullable().describe('Age of the oldest held request; null when none is held.'),
  byOpcode: CountByOpcode,
});

const PinStatus = Amount.extend({
  refused: count.describe(
    'WRITEs that a fault was to pin and that were only answered, for want of a descriptor.',
  ),
}).describe('WRITEs that have been answered while their data stays in a pipe.');

const SpliceStatus = z.object({
  read: z.boolean().describe('Requests are read by splice(2).'),
  write: z
    .enum(['none', 'move', 'copy'])
    .describe('READs are answered by splice(2), with SPLICE_F_MOVE or without it.'),
  source: z
    .string()
    .nullable()
    .describe('The directory whose page-cache pages READs are answered with; null for pages of a pipe.'),
  maxPins: count
    .nullable()
    .describe('WRITEs that can be pinned at once; null where requests are not spliced.'),
  limited: z.string().nullable().describe('Why max_pages is lower than was asked for; null where it is not.'),
});

const RequestStatus = z.object({
  total: count,
  byOpcode: z
    .record(z.string(), count)
    .describe(
      'By the kernel name of the opcode; one that this version does not know is named by its number.',
    ),
});

export const Status = z.object({
  stuckfs: z.string().describe('Version of the daemon.'),
  pid: identifier,
  mountPoint: z.string(),
  device: z
    .string()
    .regex(/^[0-9]+:[0-9]+$/)
    .describe('major:minor of the mount, as /proc/self/mountinfo spells it.'),
  connection: count.describe('Directory name under /sys/fs/fuse/connections.'),
  transport: z.enum(['dev-fuse', 'libfuse']),
  capabilities: Capabilities,
  protocol: ProtocolStatus,
  store: StoreStatus,
  held: HeldStatus,
  pins: PinStatus,
  splice: SpliceStatus,
  faults: count.describe('How many faults are armed.'),
  unplugged: z.boolean().describe('True while every request is held: from unplug to plug.'),
  maxHoldMs: z.number().min(0).describe('After this long a held request makes the watchdog abort.'),
  requests: RequestStatus,
  replies: z.object({
    total: count.describe('Replies that the kernel took.'),
    refused: count.describe(
      'Replies that it did not take: the request had been answered or aborted before (ENOENT), or the reply is malformed.',
    ),
  }),
  uptimeMs: z.number().min(0),
  watchdogPid: identifier.nullable().describe('null when no watchdog runs.'),
});
export type Status = z.output<typeof Status>;

export const UnmountBody = z.strictObject({
  force: z
    .boolean()
    .default(false)
    .describe(
      'Detach a mount that is in use (MNT_DETACH) and abort the connection; else that is a CONFLICT.',
    ),
});
export type UnmountInput = z.input<typeof UnmountBody>;
export type UnmountOrder = z.output<typeof UnmountBody>;

export const UnmountAnswer = z.object({
  released: count.describe('Requests that were still held and were answered first.'),
  bytes: count.describe('Bytes of file data of those requests.'),
  detached: z.boolean().describe('True when the mount was in use and was detached by force.'),
});
export type UnmountAnswer = z.output<typeof UnmountAnswer>;
