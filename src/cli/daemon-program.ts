/**
 * The daemon as a program to start, and as a function to become it.
 */
import { fileURLToPath } from 'node:url';
import type { DaemonConfig, DaemonConfigInput } from '../daemon/config.js';
import { DaemonConfigSpec } from '../daemon/config.js';

const daemonUrl = new URL('../daemon/main.js', import.meta.url);

/** Path of the program, which takes its configuration as JSON. */
export const daemonProgram = fileURLToPath(daemonUrl);

/** Serves in this process; resolves with the exit status once the mount is gone. */
export async function runInFront(config: DaemonConfigInput): Promise<number> {
  const { runDaemon } = (await import(daemonUrl.href)) as {
    runDaemon(config: DaemonConfig): Promise<number>;
  };
  return runDaemon(DaemonConfigSpec.parse(config));
}
