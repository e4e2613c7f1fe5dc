/**
 * The server of an arm: the daemon on a mount point of the run, talked to through the control socket only.  The pipe
 * between the two is the daemon's leash: when the runner dies, the watchdog un-wedges.
 */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type ControlClient, connect } from '../control/client/client.js';
import { cleanUp } from '../safety/cleanup.js';
import type { ProcessIdentity } from '../safety/machine.js';
import { listStateDirectories, stateRoot } from '../safety/state-directory.js';
import type { IntoLeash } from '../safety/watchdog-messages.js';
import { DaemonProcess, type Ready } from './daemon-process.js';
import type { ServerDesign } from './scenario.js';

/** Of daemon/config.ts, which this room does not import: the daemon checks it. */
export interface ServerConfig {
  readonly mountPoint: string;
  readonly maxHoldMs: number;
  readonly seed: number;
  readonly maxBytes: number;
  readonly logFile: string;
  readonly runDirectory: string;
  /** What the arm wants of it besides. */
  readonly design: ServerDesign;
}

/** Replies that the kernel took, and those that it refused. */
export interface Answered {
  readonly total: number;
  readonly refused: number;
}

/** What an arm wants of its server, whoever runs it. */
export interface ArmServer {
  /** "MAJOR:MINOR". */
  readonly device: string;
  readonly client: ControlClient;
  /** A command in front of the workload's, which takes it to where the mount is. */
  readonly workloadThrough: readonly string[];
  /** The number of the FUSE connection. */
  readonly connection: number;
  /** What it had answered before this arm; nothing where the arm is its first. */
  readonly answeredBefore?: Answered;
  /** Of the link to an NFS server; CLOCK_MONOTONIC just before. Others have none. */
  setLinkUp?(isUp: boolean): Promise<number>;
  /** SIGKILL of the daemon, announced to its watchdog. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Whether the daemon and its watchdog still are what they were: otherwise there is no safety net. */
  isSound(): Promise<boolean>;
  /**
   * Releases everything, unmounts, and waits for the daemon to end.  One that does not end within the deadline is
   * dead or wedged itself: then its connection is aborted and its mount cleaned up from here.
   */
  stop(deadlineMs: number): Promise<void>;
}

/** One that can be handed on. */
export interface LastingServer extends ArmServer {
  /**
   * Whether it is as a new one is: no fault, nothing withheld, no file. The kernel forgets files that were
   * removed a moment after.
   */
  isEmptyWithin(deadlineMs: number): Promise<boolean>;
}

const POLL_MS = 20;
/** Asked over HTTP, of a server that is emulated, perhaps. */
const FORGOTTEN_POLL_MS = 100;
/** What the death of the server does by itself is over by then; and the watchdog cleans up before we would. */
const DEATH_GRACE_MS = 2000;

export class Server implements LastingServer {
  readonly workloadThrough = [];
  answeredBefore: Answered = { total: 0, refused: 0 };

  private constructor(
    private readonly daemon: DaemonProcess,
    private readonly ready: Ready,
    readonly client: ControlClient,
    private readonly outlivesConnection: boolean,
  ) {}

  /** @param config as in daemon/config.ts, less the descriptors */
  static async start({ design, ...config }: ServerConfig): Promise<Server> {
    const daemon = DaemonProcess.spawn({ config: { ...design, ...config } });
    try {
      const ready = await daemon.ready();
      return new Server(
        daemon,
        ready,
        connect({ socketPath: ready.socketPath }),
        design['outlivesConnection'] === true,
      );
    } catch (error) {
      if (daemon.identity !== undefined) await cleanUpMountOf(daemon.identity);
      throw error;
    }
  }

  get device(): string {
    return this.ready.device;
  }

  get connection(): number {
    return this.ready.connection;
  }

  kill(): Promise<void> {
    // Both are in its pipes before it looks at either: it cannot hear of the death alone.
    this.daemon.leash?.write(`${JSON.stringify({ deathGraceMs: DEATH_GRACE_MS } satisfies IntoLeash)}\n`);
    this.daemon.kill('SIGKILL');
    return this.daemon.exited;
  }

  async isSound(): Promise<boolean> {
    if (!this.daemon.isRunning) return false;
    return (await this.client.status()).watchdogPid === this.ready.watchdogPid;
  }

  async isEmptyWithin(deadlineMs: number): Promise<boolean> {
    const untilMs = performance.now() + deadlineMs;
    for (;;) {
      const { faults, unplugged, held, pins, store, replies } = await this.client.status();
      if (faults > 0 || unplugged || held.requests + pins.requests > 0) return false;
      if (store.inodes === 0) {
        this.answeredBefore = replies;
        return true;
      }
      if (performance.now() > untilMs) return false;
      await delay(FORGOTTEN_POLL_MS);
    }
  }

  async stop(deadlineMs: number): Promise<void> {
    const ended = this.daemon.exited.then(() => true);
    try {
      await this.client.unmount({ force: true }, { timeoutMs: deadlineMs });
    } catch {
      // It may be dead already, or silent: the cleanup does not need it.
    }
    if (this.outlivesConnection) this.daemon.kill('SIGTERM');
    const inTime = await Promise.race([ended, delay(deadlineMs, false, { ref: false })]);
    // One that ended in order has left nothing.  After one that was killed its watchdog cleans up, and gets the time for
    // it: what is mounted in the run's directory must be gone before that is removed.
    const untilMs = performance.now() + deadlineMs;
    while (inTime && existsSync(this.ready.stateDirectory) && performance.now() < untilMs)
      await delay(POLL_MS);
    if (this.daemon.identity !== undefined) await cleanUpMountOf(this.daemon.identity);
  }
}

/**
 * What a process, and no later one with its pid, has written down about a mount and left behind, if anything: abort
 * first, as all waits for that.
 */
export async function cleanUpMountOf({ pid, startTime }: ProcessIdentity, root = stateRoot()): Promise<void> {
  const { readable } = listStateDirectories(root);
  for (const { directory, state } of readable)
    if (state.kind === 'mount' && state.pid === pid && state.startTime === startTime)
      await cleanUp(directory);
}
