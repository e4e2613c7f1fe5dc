/** The daemon's process: its configuration as one JSON argument, its first word on the ready descriptor. */
import { StuckfsError } from '../base/errors.js';
import { DaemonConfigSpec } from './config.js';
import { runDaemon } from './run-daemon.js';

try {
  const config = DaemonConfigSpec.parse(JSON.parse(process.argv[2] ?? '{}'));
  // Whoever guards it keeps its log: what an untrusted user's daemon writes ends with its namespaces.
  await runDaemon(config, { background: !config.guardedFromOutside });
} catch (error) {
  process.exitCode = error instanceof StuckfsError ? error.exitStatus : 1;
}
