/**
 * The guard's process: waits for `bye` on its standard input, or for the end of it, which is the end of the runner.
 * It never touches a mount and holds no descriptor of one; started by run-guard.ts.
 */
import { createInterface } from 'node:readline';
import { afterRunner } from './after-runner.js';
import { log, putLine } from './last-words.js';
import { preferNotToBeKilled } from './oom-score.js';
import { StateDirectory } from './state-directory.js';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
  process.on(signal, () => log({ ignored: signal }));
}
const unprotected = preferNotToBeKilled('guardian');
if (unprotected !== undefined) log({ cannotProtectFromOom: unprotected });
const directory = StateDirectory.open(process.argv[2] ?? '');
process.stdin.on('error', () => {});
process.stdout.on('error', () => {});
putLine(1, { event: 'armed' });
let isDismissed = false;
try {
  for await (const line of createInterface({ input: process.stdin })) if (line === 'bye') isDismissed = true;
} catch (error) {
  // Whatever broke the pipe, nobody is at its other end any more.
  log({ readError: String(error) });
}
if (!isDismissed) log({ runnerDied: await afterRunner(directory) });
process.exit();
