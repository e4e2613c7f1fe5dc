/**
 * The runner's child processes: anything that may end in D state is one of these, is written down as soon as it
 * runs, and is waited for with a deadline.  A child calls dieWithParent(SIGKILL) itself, and its leash (descriptor
 * 3) ends when the runner does.
 * Authority: proc(5); a killed task in D state keeps SIGKILL pending until its wait is over.
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { StuckfsError } from '../base/errors.js';
import { errnoOf } from '../kernel/kernel-file.js';
import { type ProcessIdentity, thisMachine } from './machine.js';
import { isDoomed, type ProcessCondition, readProcessCondition } from './process-condition.js';
import type { ProcessRole } from './state.js';
import type { StateDirectory } from './state-directory.js';
import { StateDirectoryError } from './trusted-directory.js';

/** The child could not be started. */
export class ChildError extends StuckfsError {
  override readonly code = 'CHILD';
}

export interface ChildOptions {
  readonly role: ProcessRole;
  /** The built file that it runs. */
  readonly entry: URL;
  readonly args?: readonly string[];
  /** A command in front of node's, which ends in exec(2): `nsenter …`. */
  readonly through?: readonly string[];
  /** The state directory of the runner. */
  readonly directory: StateDirectory;
  /** Descriptors 0, 1 and 2; 3 is the leash. Pipes, unless given. */
  readonly stdio?: readonly [
    'pipe' | 'ignore' | number,
    'pipe' | 'ignore' | number,
    'pipe' | 'ignore' | 'inherit' | number,
  ];
  readonly env?: NodeJS.ProcessEnv;
}

export type ChildExit =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  /** It has not ended by the deadline: this is how it is. */
  | { readonly kind: 'late'; readonly condition: ProcessCondition };

export interface Child {
  readonly role: ProcessRole;
  readonly pid: number;
  readonly startTime: number;
  /** For its streams; nobody else signals it. */
  readonly process: ChildProcess;
  /** Resolves when it ends or after this time, whichever is first; may be called again. */
  waitForExit(withinMs: number): Promise<ChildExit>;
  /** How it is now: its state, whether it was killed and cannot die, and the stacks of all its tasks. */
  condition(): ProcessCondition;
  /** Ended, or killed and only kept from ending by an uninterruptible wait. Cheap enough to be asked at every poll. */
  isDoomed(): boolean;
  /** SIGKILL, to this process and no later one with its pid. 0 or -errno. */
  kill(): number;
  /** Lets go of the leash, as the runner's death would. */
  dropLeash(): void;
}

/** @returns once it is running and written down; that it has reached any point is the caller's to find out */
export async function spawnChild(options: ChildOptions): Promise<Child> {
  const { role, directory } = options;
  const stdio: StdioOptions = [...(options.stdio ?? (['pipe', 'pipe', 'pipe'] as const)), 'pipe'];
  const node = [process.execPath, fileURLToPath(options.entry), ...(options.args ?? [])];
  const [program = process.execPath, ...words] = [...(options.through ?? []), ...node];
  const child = spawn(program, words, {
    cwd: '/',
    stdio,
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  if (child.pid === undefined) {
    const cause = await new Promise<unknown>((resolve) => child.once('error', resolve));
    throw new ChildError(`the ${role} could not be started`, { cause });
  }
  const identity = directory.addProcess(role, child.pid);
  const exit = new Promise<ChildExit>((resolve) => {
    child.once('exit', (status, signal) => {
      forget(directory, identity);
      resolve(signal === null ? { kind: 'exited', status: status ?? 0 } : { kind: 'killed', signal });
    });
  });
  const leash = child.stdio[3];
  // A child that ends first leaves a broken pipe, which is no error of the runner's.
  leash?.on('error', () => undefined);
  const condition = (): ProcessCondition => readProcessCondition(identity);
  return {
    role,
    ...identity,
    process: child,
    condition,
    isDoomed: () => isDoomed(identity),
    kill: () => thisMachine.kill(identity, 9),
    dropLeash: () => leash?.destroy(),
    waitForExit: async (withinMs) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<ChildExit>((resolve) => {
        timer = setTimeout(() => resolve({ kind: 'late', condition: condition() }), withinMs);
      });
      try {
        return await Promise.race([exit, late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** A directory that the cleanup has removed, or that cannot be written any more, keeps no exit from being heard. */
function forget(directory: StateDirectory, { pid, startTime }: ProcessIdentity): void {
  try {
    directory.forgetProcess(pid, startTime);
  } catch (error) {
    // A record that stays names a process that has ended, and by its start time no other.
    if (!(error instanceof StateDirectoryError) && errnoOf(error) === undefined) throw error;
  }
}
