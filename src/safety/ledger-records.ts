/**
 * The lines of ledger.jsonl: their shapes, what they may name, and how a file that a crash cut short is read.
 * The ledger is replayed as root, so nothing in it is believed: every path is checked again when it is read.
 */
import * as z from 'zod';

export type PseudoFsType = 'tracefs' | 'fusectl';

/** The only places where we mount anything but our own filesystem. */
export const pseudoMountPoints: Readonly<Record<PseudoFsType, string>> = {
  tracefs: '/sys/kernel/tracing',
  fusectl: '/sys/fs/fuse/connections',
};

/** The source that mountinfo shows for what we mounted, so that nobody else's mount is taken for ours. */
export const ourMountSource = 'stuckfs';

const valueTrees = ['/proc/sys/', '/sys/'];
const instancePattern = /^\/sys\/kernel\/(?:debug\/)?tracing\/instances\/stuckfs-[A-Za-z0-9_.-]+$/;

/** Absolute, below /proc/sys or /sys, and walked without dots, doubled slashes or a NUL. */
export function isValuePath(path: string): boolean {
  if (!valueTrees.some((tree) => path.startsWith(tree)) || path.includes('\0')) return false;
  return path
    .split('/')
    .slice(1)
    .every((name) => name !== '' && name !== '.' && name !== '..');
}

export function isInstancePath(path: string): boolean {
  return instancePattern.test(path);
}

const value = z.string().regex(/^[^\0\n]*$/);
/** Milliseconds of CLOCK_MONOTONIC, only to tell which of two ledgers set a value last. */
const at = z.number().nonnegative();

const fileRecord = z.strictObject({
  kind: z.literal('file'),
  path: z.string().refine(isValuePath, 'a file below /proc/sys or /sys'),
  old: value,
  new: value,
  at,
  /** Of the file in sysfs, where a device that comes back under its old number gets another. */
  ino: z.number().optional(),
  /** Is written to get `old`, where that takes another word: `online_movable` for a block that shows `online`. */
  putBackWith: value.optional(),
});
/** What the kernel made of the value that the record before it announced. */
const effectiveRecord = z.strictObject({
  kind: z.literal('effective'),
  path: z.string().refine(isValuePath, 'a file below /proc/sys or /sys'),
  value,
});
const mountRecord = z
  .strictObject({
    kind: z.literal('mount'),
    target: z.string(),
    fsType: z.enum(['tracefs', 'fusectl']),
  })
  .refine(
    (record) => pseudoMountPoints[record.fsType] === record.target,
    'the usual mount point of its type',
  );
const instanceRecord = z.strictObject({
  kind: z.literal('trace-instance'),
  path: z.string().refine(isInstancePath, 'an instance of tracefs named stuckfs-…'),
});

/** A filesystem on a loop device, mounted in the state directory: the device goes with it. */
const imageMountRecord = z.strictObject({
  kind: z.literal('image-mount'),
  path: z.string().refine((path) => path.startsWith('/') && !path.includes('\0'), 'an absolute path'),
});

/** A server and a client of NFS in network namespaces of their own: all that is mounted for them lies in `path`. */
const nfsPeersRecord = z.strictObject({
  kind: z.literal('nfs-peers'),
  path: z.string().refine((path) => path.startsWith('/') && !path.includes('\0'), 'an absolute path'),
});

const ledgerRecord = z.discriminatedUnion('kind', [
  fileRecord,
  effectiveRecord,
  mountRecord,
  instanceRecord,
  imageMountRecord,
  nfsPeersRecord,
]);
export type LedgerRecord = Readonly<z.infer<typeof ledgerRecord>>;

export interface ParsedLedger {
  readonly records: readonly LedgerRecord[];
  /** Lines that are none, with their number from 1; what they say is not done. */
  readonly refused: readonly { readonly line: number; readonly text: string; readonly reason: string }[];
  /** Bytes up to and with the last newline: what follows was cut short, and never acted upon. */
  readonly wholeBytes: number;
}

export function parseLedger(text: string): ParsedLedger {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const records: LedgerRecord[] = [];
  const refused: { line: number; text: string; reason: string }[] = [];
  const lines = whole.split('\n');
  lines.pop();
  lines.forEach((line, index) => {
    try {
      records.push(ledgerRecord.parse(JSON.parse(line)));
    } catch (error) {
      const reason = error instanceof z.ZodError ? z.prettifyError(error) : 'is not JSON';
      refused.push({ line: index + 1, text: line, reason });
    }
  });
  return { records, refused, wholeBytes: Buffer.byteLength(whole) };
}
