/**
 * Waits until a daemon that was told to end has ended, so that its mount point can be used again at once.
 * Looks at state directories and /proc only, never at the mount.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { StuckfsError } from '../base/errors.js';
import { patient } from '../base/patience.js';
import { isProcessRunning } from '../safety/process-condition.js';
import type { RecordedProcess } from '../safety/state.js';
import { listStateDirectories, stateRoot } from '../safety/state-directory.js';
import { mountPointNamed } from './daemon-target.js';

const endMs = 10_000;
const pollMs = 20;

class DaemonStaysError extends StuckfsError {
  override readonly code = 'DAEMON_STAYS';
}

/** The daemon and the watchdog of a mount. */
export function daemonsOfMount(path: string, environment: NodeJS.ProcessEnv): readonly RecordedProcess[] {
  const mountPoint = mountPointNamed(path, environment, 'MOUNTPOINT');
  const { readable } = listStateDirectories(stateRoot(environment));
  return readable
    .filter(({ state }) => state.kind === 'mount' && state.mountPoint === mountPoint)
    .flatMap(({ state }) => state.processes);
}

/** Throws when one of them still runs after a while. */
export async function waitForEnd(path: string, daemons: readonly RecordedProcess[]): Promise<void> {
  const withinMs = patient(endMs);
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const running = daemons.find((one) => isProcessRunning(one));
    if (running === undefined) return;
    if (performance.now() > untilMs) {
      throw new DaemonStaysError(
        `${path} is unmounted, but its ${running.role} (pid ${running.pid}) has not ended within ${withinMs} ms: ` +
          `run stuckfs rescue --mount ${path}`,
      );
    }
    await sleep(pollMs);
  }
}
