/**
 * The daemon as a program to start, and as a function to become it.
 */
import { fileURLToPath } from 'node:url';
import type { DaemonConfigInput } from '../daemon/config.js';
import { DaemonConfigSpec } from '../daemon/config.js';

/** Path of the program, which takes its configuration as JSON. */
export const daemonProgram = fileURLToPath(new URL('../daemon/main.js', import.meta.url));

/** Serves in this process; resolves once the mount is gone. Throws what kept it from starting. */
export async function runInFront(config: DaemonConfigInput): Promise<void> {
  const { runDaemon } = await import('../daemon/run-daemon.js');
  await runDaemon(DaemonConfigSpec.parse(config), { background: false });
}
