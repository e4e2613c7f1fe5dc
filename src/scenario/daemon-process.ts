/**
 * The daemon as a process of its own: started, its first word heard, its end known.  Knows neither who guards it nor
 * how it is cleaned up after.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StuckfsError } from '../base/errors.js';
import { patient } from '../base/patience.js';
import { readProcStat } from '../kernel/proc-stat.js';
import type { ProcessIdentity } from '../safety/machine.js';

/** The daemon refused to start, or died. */
export class ServerError extends StuckfsError {
  override readonly code = 'SERVER';
  override readonly exitStatus: number;

  constructor(message: string, exitStatus = 1, cause?: unknown) {
    super(message, { cause });
    this.exitStatus = exitStatus;
  }
}

export interface Ready {
  readonly pid: number;
  readonly device: string;
  readonly connection: number;
  readonly socketPath: string;
  readonly watchdogPid: number | null;
  readonly stateDirectory: string;
}

export interface DaemonCommand {
  /** Of daemon/config.ts, less the descriptors. */
  readonly config: Readonly<Record<string, unknown>>;
  /** A command in front of node's, which ends in exec(2). */
  readonly through?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where its standard error goes; by default what it said is told when it does not start. */
  readonly stderrFd?: number;
}

const READY_FD = 3;
const LEASH_FD = 4;
const START_DEADLINE_MS = 15_000;

export class DaemonProcess {
  readonly exited: Promise<void>;
  /** undefined where it could not be started. */
  readonly identity: ProcessIdentity | undefined;
  private stderr = '';

  private constructor(private readonly process: ChildProcess) {
    const { pid } = process;
    // Nobody has waited for it yet: it is there, if only as a zombie.
    this.identity = pid === undefined ? undefined : { pid, startTime: readProcStat(pid).starttime };
    this.exited = new Promise((resolve) => {
      process.once('exit', () => resolve());
      process.once('error', () => resolve());
    });
    process.once('error', (error) => {
      this.stderr = error.message;
    });
    process.stderr?.on('data', (text: Buffer) => {
      this.stderr = `${this.stderr}${text.toString()}`.slice(-4000);
    });
    // A leash that breaks is somebody else's business; here it must only not throw.
    this.leash?.on('error', () => {});
  }

  static spawn({ config, through = [], env, stderrFd }: DaemonCommand): DaemonProcess {
    const words = JSON.stringify({ ...config, readyFd: READY_FD, leashFd: LEASH_FD });
    const main = fileURLToPath(new URL('../daemon/main.js', import.meta.url));
    const [program = process.execPath, ...rest] = [...through, process.execPath, main, words];
    return new DaemonProcess(
      spawn(program, rest, {
        stdio: ['ignore', 'ignore', stderrFd ?? 'pipe', 'pipe', 'pipe'],
        cwd: '/',
        ...(env === undefined ? {} : { env }),
      }),
    );
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.process.kill(signal);
  }

  /** Its other end is the daemon's; nothing is said there unless the daemon is guarded from outside. */
  get leash(): Writable | undefined {
    return (this.process.stdio[LEASH_FD] as Writable | null | undefined) ?? undefined;
  }

  /** @throws {ServerError} when it refuses, dies, or says nothing; a silent one is killed */
  async ready(): Promise<Ready> {
    const deadlineMs = patient(START_DEADLINE_MS);
    const line = await Promise.race([
      firstLine(this.process.stdio[READY_FD] as Readable),
      this.exited,
      delay(deadlineMs, undefined, { ref: false }),
    ]);
    if (typeof line !== 'string') {
      const how = this.isRunning ? `said nothing within ${deadlineMs} ms` : 'ended before it was ready';
      this.process.kill('SIGKILL');
      throw new ServerError([`the daemon ${how}`, this.stderr].filter((one) => one !== '').join(': '));
    }
    const said = JSON.parse(line) as { ready?: Ready; error?: { message: string; exitStatus: number } };
    if (said.ready === undefined) throw new ServerError(said.error?.message ?? line, said.error?.exitStatus);
    return said.ready;
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
