/**
 * Starts the daemon as a process of its own, on a mount point of the run, and talks to it through the control
 * socket only.  The pipe between the two is the daemon's leash: when the runner dies, the watchdog un-wedges.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StuckfsError } from '../base/errors.js';
import { type ControlClient, connect } from '../control/client/client.js';
import { cleanUp } from '../safety/cleanup.js';
import { listStateDirectories } from '../safety/state-directory.js';
import type { ServerDesign } from './scenario.js';

/** The daemon refused to start, or died. */
export class ServerError extends StuckfsError {
  override readonly code = 'SERVER';
  override readonly exitStatus: number;

  constructor(message: string, exitStatus = 1) {
    super(message);
    this.exitStatus = exitStatus;
  }
}

interface Ready {
  readonly pid: number;
  readonly device: string;
  readonly connection: number;
  readonly socketPath: string;
  readonly stateDirectory: string;
  readonly watchdogPid: number;
}

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

const READY_FD = 3;
const LEASH_FD = 4;
const START_DEADLINE_MS = 15_000;

export class Server {
  private constructor(
    private readonly process: ChildProcess,
    readonly ready: Ready,
    readonly client: ControlClient,
    readonly exited: Promise<void>,
  ) {}

  /** @param config as in daemon/config.ts, less the descriptors */
  static async start({ design, ...config }: ServerConfig): Promise<Server> {
    const words = JSON.stringify({ ...design, ...config, readyFd: READY_FD, leashFd: LEASH_FD });
    const daemon = spawn(
      process.execPath,
      [fileURLToPath(new URL('../daemon/main.js', import.meta.url)), words],
      {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
        cwd: '/',
      },
    );
    let stderr = '';
    daemon.stderr?.on('data', (text: Buffer) => {
      stderr = `${stderr}${text.toString()}`.slice(-4000);
    });
    const exited = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
    // A leash that breaks is the watchdog's business; here it must only not throw.
    daemon.stdio[LEASH_FD]?.on('error', () => {});
    const line = await Promise.race([
      firstLine(daemon.stdio[READY_FD] as Readable),
      exited,
      delay(START_DEADLINE_MS, undefined, { ref: false }),
    ]);
    if (typeof line !== 'string') {
      daemon.kill('SIGKILL');
      if (daemon.pid !== undefined) await cleanUpMountOf(daemon.pid);
      throw new ServerError(`the daemon said nothing within ${START_DEADLINE_MS} ms: ${stderr}`);
    }
    const said = JSON.parse(line) as { ready?: Ready; error?: { message: string; exitStatus: number } };
    if (said.ready === undefined) {
      throw new ServerError(said.error?.message ?? line, said.error?.exitStatus);
    }
    return new Server(daemon, said.ready, connect({ socketPath: said.ready.socketPath }), exited);
  }

  /** Whether the daemon and its watchdog still are what they were: otherwise there is no safety net. */
  async isSound(): Promise<boolean> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return false;
    return (await this.client.status()).watchdogPid === this.ready.watchdogPid;
  }

  /**
   * Releases everything, unmounts, and waits for the daemon to end.  One that does not end within the deadline is
   * dead or wedged itself: then its connection is aborted and its mount cleaned up from here.
   */
  async stop(deadlineMs: number): Promise<void> {
    const ended = this.exited.then(() => true);
    try {
      await this.client.unmount({ force: true }, { timeoutMs: deadlineMs });
    } catch {
      // It may be dead already, or silent: the cleanup does not need it.
    }
    if (await Promise.race([ended, delay(deadlineMs, false, { ref: false })])) return;
    await cleanUpMountOf(this.ready.pid);
  }
}

/** What a daemon with this pid has left behind, if anything: abort first, as all else may wait for that. */
async function cleanUpMountOf(pid: number): Promise<void> {
  const { readable } = listStateDirectories();
  for (const { directory, state } of readable)
    if (state.kind === 'mount' && state.pid === pid) await cleanUp(directory);
}

function firstLine(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: stream });
    lines.once('line', (line) => {
      lines.close();
      resolve(line);
    });
  });
}
