/**
 * The fields of each event that a report reads, checked when a run directory is read: it may come from elsewhere,
 * or have been edited.  Fields beside them pass; an event that this version does not know is told apart.
 */
import * as z from 'zod';
import type { RunEvent } from './events.js';

const arm = z.int().min(0);
const set = z.object({
  ino: z.int().min(0),
  pages: z
    .int()
    .min(0)
    .max(2 ** 32 - 1),
});
const bytes = z.int().min(0).nullable();
const perFile = z.array(z.number());
const told = z.array(z.string().nullable());
const pfns = { arm, stuckPfns: z.string(), controlPfns: z.string() };
const laterPfns = { ...pfns, stuckPfnsMapped: z.string().optional() };

const kind = z.enum(['control', 'fault']);

const shapes: Readonly<Record<RunEvent['event'], z.ZodType>> = {
  'run-started': z.object({
    planned: z.array(
      z.object({
        cell: z.int().min(0),
        repeat: z.int().min(1).optional(),
        scenario: z.string(),
        trigger: z.string(),
        transport: z.string(),
        arms: z.array(
          z.object({ kind, variant: z.string().nullable(), mitigation: z.string().default('none') }),
        ),
      }),
    ),
  }),
  'arm-started': z.object({
    arm,
    cell: z.int().min(0),
    kind,
    scenario: z.string(),
    trigger: z.string(),
    mitigation: z.string(),
    attempt: z.int().min(1),
    device: z.string(),
    waitsIn: z.string().nullable(),
    variant: z.string().nullable(),
    transport: z.string(),
    stuckBy: z.enum(['writeback', 'lock', 'reference']).nullable(),
    delayMs: z.number().min(0).nullable(),
    allocatesHugePages: z.literal(true).optional(),
    allHangs: z.boolean(),
    untrusted: z.literal(true).optional(),
    serverPages: z.enum(['none', 'all']).optional(),
    folios: z
      .object({
        memory: z.enum(['xfs', 'hugetlb', 'anonymous']),
        order: z.int().min(0),
        blockBytes: z.int().min(1).nullable(),
        state: z.enum(['clean', 'dirty', 'dirty-whole']).nullable(),
        fragmented: z.boolean(),
      })
      .optional(),
    nfs: z.literal(true).optional(),
    byWorker: z.string().optional(),
    emptiesRange: z.literal(true).optional(),
  }),
  folios: z.object({
    arm,
    when: z.enum(['set-named', 'set-found']),
    split: z.int().nullable(),
    splitFailed: z.int().nullable(),
    flags: z.string(),
  }),
  'split-asked': z.object({
    arm,
    asked: z.int().min(0),
    split: z.int().min(0),
    cutBytes: z.int().min(0),
  }),
  'split-huge-pages-asked': z.object({
    arm,
    lacking: z.string().nullable(),
    asked: z.int().min(0),
    split: z.int().min(0),
    countedSplit: z.int().nullable(),
    countedFailed: z.int().nullable(),
  }),
  'cell-skipped': z.object({
    cell: z.int().min(0),
    variant: z.string().optional(),
    mitigation: z.string().optional(),
    scenario: z.string(),
    trigger: z.string(),
    transport: z.string(),
    reason: z.string(),
  }),
  answered: z.object({ arm, refused: z.int().min(0) }),
  'triggered-again': z.object({ arm, result: z.int(), mark: z.string().min(1) }),
  placed: z.object({
    arm,
    zone: z.object({ name: z.string(), start: z.int().min(0), end: z.int().min(0) }),
  }),
  'huge-pages-taken': z.object({ arm, hugePages: z.int().min(0), exhausted: z.boolean() }),
  pageblocks: z.object({ arm, withStuck: z.array(z.int().min(0)), given: z.array(z.int().min(0)) }),
  'set-named': z.object({
    ...pfns,
    stuck: set,
    control: set,
    stuckFlags: z.string(),
    stuckAdded: z.string().optional(),
  }),
  held: z.object({
    arm,
    held: z.array(
      z.object({
        unique: z.string(),
        opcode: z.string(),
        nodeid: z.int().min(0),
        offset: bytes,
        size: bytes,
      }),
    ),
  }),
  untrusted: z.object({
    arm,
    when: z.enum(['set-named', 'hold-ended']),
    serverUid: z.int().min(0),
    writerUid: z.int().min(0),
    ownUserNamespace: z.boolean(),
    maxRatio: z.number().nullable(),
    strictLimit: z.number().nullable(),
    wantedBytes: z.int().min(0),
    writtenBytes: z.int().min(0),
    heldRequests: z.int().min(0),
    heldBytes: z.int().min(0),
    writebackPages: z.int().min(0),
    writerStack: z.array(z.string()).nullable(),
  }),
  vmstat: z.object({ arm, when: z.string(), counters: z.record(z.string(), z.int().min(0)) }),
  'trigger-started': z.object({ arm, pid: z.int().min(0), mark: z.string().min(1) }),
  'task-sampled': z.object({
    arm,
    role: z.string(),
    pid: z.int().min(0),
    tid: z.int().min(0),
    comm: z.string(),
    state: z.string(),
    stack: z.array(z.string()),
  }),
  'trigger-ended': z.object({
    arm,
    result: z.int(),
    wanted: z.int().min(0).optional(),
    obtained: z.int().min(0).optional(),
    keptBy: z.array(z.string()).optional(),
    unplugged: z.object({ said: z.string(), blocks: z.int().min(0), blocksLeft: z.int().min(0) }).optional(),
    startedNs: z.number(),
    endedNs: z.number(),
  }),
  'hold-ended': z.object(laterPfns),
  released: z.object({
    arm,
    requests: z.int().min(0),
    askedNs: z.number(),
    downMs: z.number().min(0).optional(),
    doneNs: z.number().optional(),
    by: z.enum(['release', 'plug', 'link-up', 'delay', 'abort', 'kill-server', 'request-timeout']),
  }),
  mitigated: z.object({
    arm,
    mitigation: z.string(),
    endsConnection: z.boolean(),
    dirtyPages: z.int().min(0),
  }),
  'set-found': z.object({ ...laterPfns, byFlags: z.literal(true).optional() }),
  aftermath: z.object({ arm, fsync: told, keptPages: z.array(z.int().min(0)) }),
  closed: z.object({ arm, close: told }),
  verified: z.object({ arm, fsync: told, cached: perFile, served: perFile }),
  'trace-ended': z.object({ arm, trace: z.string(), lostEvents: z.int().min(0) }),
  'arm-failed': z.object({ arm, reason: z.string() }),
  'arm-ended': z.object({ arm }),
  'run-ended': z.object({}),
};

const EventSpec = z.object({ event: z.string(), atNs: z.number() });

export interface WrongEvent {
  readonly problem: string;
  /** A newer stuckfs may have written it. */
  readonly isUnknownEvent?: true;
}

/** What is wrong with it, or undefined. */
export function wrongInEvent(event: unknown): WrongEvent | undefined {
  const named = EventSpec.safeParse(event);
  if (!named.success) return { problem: `is no event of a run: ${complaint(named.error)}` };
  const { event: name } = named.data;
  if (!isKnown(name)) return { problem: `is an event of no known kind: ${name}`, isUnknownEvent: true };
  const checked = shapes[name].safeParse(event);
  return checked.success ? undefined : { problem: `is no event ${name}: ${complaint(checked.error)}` };
}

function isKnown(name: string): name is RunEvent['event'] {
  return Object.hasOwn(shapes, name);
}

function complaint({ issues: [issue] }: z.ZodError): string {
  return issue === undefined ? 'not of its shape' : `${issue.path.join('.') || 'the line'}: ${issue.message}`;
}
