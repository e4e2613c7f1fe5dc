/** The daemon's process: its configuration as one JSON argument, its first word on the ready descriptor. */
import { StuckfsError } from '../base/errors.js';
import { DaemonConfigSpec } from './config.js';
import { runDaemon } from './run-daemon.js';

try {
  await runDaemon(DaemonConfigSpec.parse(JSON.parse(process.argv[2] ?? '{}')), { background: true });
} catch (error) {
  process.exitCode = error instanceof StuckfsError ? error.exitStatus : 1;
}
