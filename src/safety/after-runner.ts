/**
 * What is left to do when a runner was killed: its mounts, should nobody see to them, and what the run itself changed.
 * A mount's watchdog does the same where there is one: it is waited for, as two at it would only be in each other's way.
 */
import { existsSync } from 'node:fs';
import { patient } from '../base/patience.js';
import { type CleanupStep, cleanUp } from './cleanup.js';
import { type Machine, type ProcessIdentity, thisMachine } from './machine.js';
import { isProcessRunning } from './process-condition.js';
import { listStateDirectories, type StateDirectory } from './state-directory.js';

/** A watchdog cleans up the mount and the run, and waits 10 s each for tasks to leave D state and for them to end. */
const PATIENCE_MS = 45_000;
const POLL_MS = 20;
const AGAIN_MS = 500;

interface DirectoryCleanup {
  readonly path: string;
  readonly steps: readonly CleanupStep[];
}

export async function afterRunner(
  run: StateDirectory,
  machine: Machine = thisMachine,
): Promise<DirectoryCleanup[]> {
  const mounts = () =>
    listStateDirectories(run.root).readable.filter(({ state }) => state.leader === run.name);
  const watchdogs = new Map<number, ProcessIdentity>();
  const isAnyAtWork = (): boolean => {
    for (const { state } of mounts())
      for (const one of state.processes) if (one.role === 'watchdog') watchdogs.set(one.pid, one);
    return [...watchdogs.values()].some((one) => isProcessRunning(one, machine.root));
  };
  const untilMs = machine.nowMs() + patient(PATIENCE_MS);
  const done: DirectoryCleanup[] = [];
  for (;;) {
    while (isAnyAtWork() && machine.nowMs() < untilMs) await machine.sleep(POLL_MS);
    for (const { directory } of mounts())
      done.push({ path: directory.path, steps: await cleanUp(directory, { machine }) });
    if (existsSync(run.path)) done.push({ path: run.path, steps: await cleanUp(run, { machine }) });
    // A daemon that was just starting may have mounted in the run's directory meanwhile: then that is still there.
    if (!existsSync(run.path) || machine.nowMs() >= untilMs) return done;
    await machine.sleep(AGAIN_MS);
  }
}
