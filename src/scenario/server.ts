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
  static async start(
    config: Readonly<Record<string, unknown>> & { readonly mountPoint: string },
  ): Promise<Server> {
    const words = JSON.stringify({ ...config, readyFd: READY_FD, leashFd: LEASH_FD });
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
      daemon.kill('SIGTERM');
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

  /** Releases everything, unmounts, and waits for the daemon to end; false when it did not within the deadline. */
  async stop(deadlineMs: number): Promise<boolean> {
    const ended = this.exited.then(() => true);
    try {
      await this.client.unmount({ force: true }, { timeoutMs: deadlineMs });
    } catch {
      // It may be dead already, or wedged: the cleanup that follows does not need it.
    }
    return Promise.race([ended, delay(deadlineMs, false, { ref: false })]);
  }
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
