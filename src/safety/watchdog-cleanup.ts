/**
 * What the watchdog does once the daemon or the runner is gone. Loaded after it is armed, as it imports much.
 * A daemon that said bye gets a moment to end; one that goes on is left alone.
 */
import { patient } from '../base/patience.js';
import { type CleanupStep, cleanUp } from './cleanup.js';
import { type Machine, thisMachine } from './machine.js';
import { isProcessRunning } from './process-condition.js';
import { StateDirectory } from './state-directory.js';
import { StateDirectoryError } from './trusted-directory.js';
import type { CleanUpAfter } from './watchdog-process.js';

const pollMs = 20;
const patienceMs = 5000;

interface DirectoryCleanup {
  readonly path: string;
  readonly steps: readonly CleanupStep[];
  /** Why nothing was done. */
  readonly skipped?: string;
}

export const cleanUpAfter: CleanUpAfter = async (stateDirectories, because) => {
  const done: DirectoryCleanup[] = [];
  for (const path of stateDirectories) {
    done.push(await cleanUpOne(path, because === 'daemon-ended', thisMachine));
  }
  return done;
};

async function cleanUpOne(path: string, saidBye: boolean, machine: Machine): Promise<DirectoryCleanup> {
  let directory: StateDirectory;
  try {
    directory = StateDirectory.open(path);
  } catch (error) {
    const gone = error instanceof StateDirectoryError && error.code === 'STATE_DIRECTORY_MISSING';
    return { path, steps: [], skipped: gone ? 'gone already' : String(error) };
  }
  if (saidBye && !(await hasEnded(directory, machine))) {
    return { path, steps: [], skipped: 'its owner said bye and still runs' };
  }
  return { path, steps: await cleanUp(directory, { machine }) };
}

async function hasEnded(owner: StateDirectory, machine: Machine): Promise<boolean> {
  const deadlineMs = machine.nowMs() + patient(patienceMs);
  while (isProcessRunning(owner)) {
    if (machine.nowMs() >= deadlineMs) return false;
    await machine.sleep(pollMs);
  }
  return true;
}
