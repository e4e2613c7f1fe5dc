/**
 * The runner's end of a child process: JSON commands down its standard input, answers back, every wait with a
 * deadline, because the child may be in D state at any moment.  End of its input ends the child.
 */
import { createInterface } from 'node:readline';
import { StuckfsError } from '../base/errors.js';
import { patient } from '../base/patience.js';
import { readProcStat } from '../kernel/proc-stat.js';
import { readStack } from '../kernel/stacks.js';
import { type ChildExit, type Child as ChildProcess, spawnChild } from '../safety/children.js';
import type { StateDirectory } from '../safety/state-directory.js';

export type Role = 'workload' | 'trigger' | 'recorder' | 'ballast' | 'peers';

/** A child died, said nothing before its deadline, or answered with an error. */
export class ChildCommandError extends StuckfsError {
  override readonly code = 'CHILD_COMMAND';
}

export interface TaskSample {
  readonly pid: number;
  readonly comm: string;
  readonly state: string;
  /** Symbols, innermost first. */
  readonly stack: readonly string[];
}

interface Pending {
  readonly begins: () => void;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Child {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private stderr = '';
  private ended: string | undefined;

  private constructor(private readonly child: ChildProcess) {
    const { stdin, stdout, stderr } = child.process;
    // Its death is told by its exit; a command that then finds nobody is no error of its own.
    stdin?.on('error', () => {});
    stderr?.on('data', (text: Buffer) => {
      this.stderr = `${this.stderr}${text.toString()}`.slice(-2000);
    });
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.onLine(line));
    child.process.once('exit', (status, signal) => this.onExit(signal ?? `exit status ${status}`));
  }

  /**
   * @param entry compiled file, relative to this one
   * @param through a command in front of node's
   */
  static async spawn(
    role: Role,
    entry: string,
    directory: StateDirectory,
    through: readonly string[] = [],
  ): Promise<Child> {
    return new Child(await spawnChild({ role, entry: new URL(entry, import.meta.url), directory, through }));
  }

  get role(): string {
    return this.child.role;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** A command has no answer yet. */
  get isBusy(): boolean {
    return this.pending.size > 0;
  }

  private onExit(how: string): void {
    this.ended = how;
    const [line = ''] = this.stderr.trim().split('\n');
    const said = line === '' ? '' : `: ${line}`;
    const error = new ChildCommandError(`the ${this.role} process ended (${how})${said}`);
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }

  /** Sends a command and waits for its answer, at most `withinMs` on a fast machine. */
  async ask<Answer = unknown>(command: string, words: unknown, withinMs: number): Promise<Answer> {
    const deadlineMs = patient(withinMs);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new ChildCommandError(`${this.role}: no answer to ${command} within ${deadlineMs} ms`)),
        deadlineMs,
      );
    });
    try {
      return (await Promise.race([this.start(command, words), late])) as Answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * As ask(), without a deadline: the caller watches over it.
   * @param begins called when the child says that it begins with what may take long
   */
  start(command: string, words: unknown, begins: () => void = () => {}): Promise<unknown> {
    if (this.ended !== undefined)
      return Promise.reject(new ChildCommandError(`${this.role} has ended (${this.ended})`));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { begins, resolve, reject });
      this.child.process.stdin?.write(`${JSON.stringify({ id, do: command, with: words })}\n`);
    });
  }

  private onLine(line: string): void {
    const answer = JSON.parse(line) as {
      id: number;
      begins?: true;
      ok?: unknown;
      error?: { message: string };
    };
    const waiting = this.pending.get(answer.id);
    if (answer.begins === true) {
      waiting?.begins();
      return;
    }
    this.pending.delete(answer.id);
    if (answer.error !== undefined)
      waiting?.reject(new ChildCommandError(`${this.role}: ${answer.error.message}`));
    else waiting?.resolve(answer.ok);
  }

  /** State and stack now; undefined once it is gone. */
  sample(): TaskSample | undefined {
    try {
      const { comm, state } = readProcStat(this.pid);
      return { pid: this.pid, comm, state, stack: readStack(this.pid).map((frame) => frame.symbol) };
    } catch {
      return undefined;
    }
  }

  /** Ended, or killed and only kept from ending by an uninterruptible wait. */
  isDoomed(): boolean {
    return this.ended !== undefined || this.child.isDoomed();
  }

  /** Ends its input and waits; kills it at the deadline. */
  async end(withinMs: number): Promise<ChildExit> {
    const deadlineMs = patient(withinMs);
    this.child.process.stdin?.end();
    this.child.dropLeash();
    const exit = await this.child.waitForExit(deadlineMs);
    if (exit.kind !== 'late') return exit;
    this.child.kill();
    return this.child.waitForExit(deadlineMs);
  }
}
