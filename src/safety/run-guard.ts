/**
 * The runner's side of its guard: a process that puts the machine back when the runner is killed, also where no
 * watchdog is: before the first mount, between two, after the last, and where the watchdog was killed, too.
 * It is armed before the run changes anything, and dismissed once the run has put back what it could.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StuckfsError } from '../base/errors.js';
import { childEnvironment } from './child-environment.js';
import type { StateDirectory } from './state-directory.js';

/** The guard did not start. */
export class RunGuardError extends StuckfsError {
  override readonly code = 'RUN_GUARD';
}

export interface RunGuard {
  readonly pid: number;
  /** False once it was killed: then nobody puts the machine back if the runner is killed, too. */
  readonly isRunning: () => boolean;
  /** It ends, and does nothing. Resolves when it has; after two seconds it is killed. */
  dismiss(): Promise<void>;
}

const ARMED_WITHIN_MS = 5000;
const DISMISSED_WITHIN_MS = 2000;

/** @param directory of the run, whose owner this process is */
export async function startRunGuard(directory: StateDirectory): Promise<RunGuard> {
  const logFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const logFd = openSync(directory.file('guard.log'), logFlags, 0o600);
  const entry = fileURLToPath(new URL('./run-guard-main.js', import.meta.url));
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [entry, directory.path], {
      // A session of its own: Ctrl-C in the terminal does not reach it.
      detached: true,
      cwd: '/',
      env: childEnvironment(),
      stdio: ['pipe', 'pipe', logFd],
    });
  } finally {
    closeSync(logFd);
  }
  const exited = new Promise<false>((resolve) => {
    child.once('exit', () => resolve(false));
    child.once('error', () => resolve(false));
  });
  const { pid, stdin, stdout } = child;
  if (pid === undefined || stdin === null || stdout === null)
    throw new RunGuardError('the guard of the run could not be started');
  stdin.on('error', () => {});
  stdout.on('error', () => {});
  const armed = new Promise<true>((resolve) => stdout.once('data', () => resolve(true)));
  const late = delay(ARMED_WITHIN_MS, false, { ref: false });
  try {
    directory.addProcess('guard', pid);
    if (!(await Promise.race([armed, exited, late])))
      throw new RunGuardError(`the guard of the run is not armed; see ${directory.file('guard.log')}`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    child.unref();
  }
  for (const stream of [stdin, stdout]) if ('unref' in stream) (stream as { unref(): void }).unref();
  return {
    pid,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    dismiss: async () => {
      // Nothing else may be left that keeps this process until the guard has ended.
      child.ref();
      stdin.end('bye\n');
      if ((await Promise.race([exited, delay(DISMISSED_WITHIN_MS, 'late', { ref: false })])) === 'late')
        child.kill('SIGKILL');
      child.unref();
    },
  };
}
