/**
 * What a daemon is started with.  It travels as one JSON argument from the command that mounts to the process
 * that serves, so that the words of the user are checked once, before anything is mounted.
 */
import * as z from 'zod';
import { PlanSpec } from '../plan/check-plan.js';

/** Bounds that keep a typing error from eating the machine. */
export const MAX_HOLD_MS = 24 * 3600 * 1000;

/** What goes through pipes by splice(2) instead of read(2) and write(2). */
const SpliceSpec = z.strictObject({
  /** Requests; only then can a WRITE be pinned. */
  read: z.boolean().default(false),
  /** Replies to READ: with SPLICE_F_MOVE, without it, or not. */
  write: z.enum(['none', 'move', 'copy']).default('none'),
  /** A directory on another filesystem, whose page-cache pages READs are answered with; absent: pages of the pipe. */
  source: z.string().startsWith('/').optional(),
  /** WRITEs that can be pinned at once; absent: what RLIMIT_NOFILE leaves. */
  maxPins: z.int().min(1).max(1_000_000).optional(),
});

export const DaemonConfigSpec = z.strictObject({
  /** Absolute, resolved without touching a mount of ours; an empty directory. */
  mountPoint: z.string().startsWith('/'),
  /** What moves the requests; `libfuse` is fuse-native over libfuse 2.9, where it is installed. */
  transport: z.enum(['dev-fuse', 'libfuse']).default('dev-fuse'),
  /** The words of each -o. */
  mountOptions: z.array(z.string()).default([]),
  /** Default: control.sock in the state directory. */
  socketPath: z.string().optional(),
  /** A request that is held longer makes the watchdog abort the connection. */
  maxHoldMs: z.int().min(1).max(MAX_HOLD_MS).default(120_000),
  /** Absolute: a directory to serve. Absent: a store in memory, to which maxBytes and maxInodes apply. */
  backing: z.string().startsWith('/').optional(),
  /** Size limit of the store; the default leaves the machine most of its memory. */
  maxBytes: z.int().min(1).optional(),
  maxInodes: z.int().min(1).default(1_000_000),
  writebackCache: z.boolean().default(true),
  /** Pages of one request that INIT asks for; the kernel's own limit is 256 or fs.fuse.max_pages_limit. */
  maxPages: z.int().min(1).max(65_535).default(256),
  maxBackground: z.int().min(1).max(65_535).default(65_535),
  /** How long the kernel may believe attributes and names without asking again. */
  attrTimeoutMs: z.int().min(0).max(MAX_HOLD_MS).default(1000),
  entryTimeoutMs: z.int().min(0).max(MAX_HOLD_MS).default(1000),
  /** Answer OPEN with FOPEN_NOFLUSH: close(2) sends no FLUSH.  The kernel ignores it under the writeback cache. */
  noFlush: z.boolean().default(false),
  /**
   * When its connection has ended the daemon lives on, with the pipes that it keeps, until it is told to end: as a
   * server may that was aborted.
   */
  outlivesConnection: z.boolean().default(false),
  splice: SpliceSpec.prefault({}),
  /** Of every random choice of the faults. */
  seed: z.int().min(0).max(0xffff_ffff).default(0),
  /** Starts with the mount. */
  plan: PlanSpec.optional(),
  logLevel: z.string().default('info'),
  /** Absent: standard error. */
  logFile: z.string().optional(),
  /** A descriptor that gets one line of JSON, `DaemonReady` or `DaemonRefused`, and is closed. */
  readyFd: z.int().min(0).optional(),
  /** A descriptor whose end of file means that whoever started the daemon has died: un-wedge and end. */
  leashFd: z.int().min(0).optional(),
  /**
   * The watchdog is a process of whoever holds the leash, who names it there (outside-guard.ts): for a daemon that has
   * no rights outside of its own namespaces.
   */
  guardedFromOutside: z.boolean().default(false),
  /** State directory of the run that this mount belongs to: it is cleaned up with the mount. */
  runDirectory: z.string().startsWith('/').optional(),
});

export type DaemonConfig = z.output<typeof DaemonConfigSpec>;
export type DaemonConfigInput = z.input<typeof DaemonConfigSpec>;

/** The mount is up, the watchdog is armed, the control socket answers. */
export interface DaemonReady {
  readonly ready: {
    readonly pid: number;
    readonly mountPoint: string;
    readonly device: string;
    readonly connection: number;
    readonly socketPath: string;
    readonly stateDirectory: string;
    /** null where the connection is guarded from outside. */
    readonly watchdogPid: number | null;
  };
}

/** Nothing is mounted and nothing runs. */
export interface DaemonRefused {
  readonly error: { readonly message: string; readonly exitStatus: number };
}
