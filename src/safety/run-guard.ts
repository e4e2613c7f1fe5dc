/**
 * The runner's side of its guard: a process that puts the machine back when the runner is killed, also where no
 * watchdog is: before the first mount, between two, after the last, and where the watchdog was killed, too.
 * It is armed before the run changes anything, and dismissed once the run has put back what it could.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { StuckfsError } from '../base/errors.js';
import { patient } from '../base/patience.js';
import { spawnDetached, unrefChild } from './detached-child.js';
import type { StateDirectory } from './state-directory.js';

/** The guard does not answer. */
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
  const entry = new URL('./run-guard-main.js', import.meta.url);
  const guard = await spawnDetached({ role: 'guard', entry, argument: directory.path, directory });
  const { pid, process: child, stdin, stdout } = guard;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const armed = new Promise<true>((resolve) => stdout.once('data', () => resolve(true)));
  const isArmed = await Promise.race([armed, exited, delay(patient(ARMED_WITHIN_MS), false, { ref: false })]);
  unrefChild(guard);
  if (isArmed !== true) {
    child.kill('SIGKILL');
    throw new RunGuardError(`the guard of the run is not armed; see ${directory.file('guard.log')}`);
  }
  return {
    pid,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    dismiss: async () => {
      // Nothing else may be left that keeps this process until the guard has ended.
      child.ref();
      stdin.end('bye\n');
      const late = delay(patient(DISMISSED_WITHIN_MS), 'late', { ref: false });
      if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL');
      child.unref();
    },
  };
}
