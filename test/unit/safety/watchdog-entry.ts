/** The watchdog's process for tests: a plain file stands for the abort file. */
import { parseArguments } from '../../../src/safety/watchdog-messages.js';
import { runWatchdog } from '../../../src/safety/watchdog-process.js';

const args = parseArguments(process.argv[2]);
if (args === undefined) throw new Error('no arguments');
await runWatchdog(args, {
  isAbortFile: (path) => path.endsWith('/abort'),
  loadCleanUp: async () => (await import('../../../src/safety/watchdog-cleanup.js')).cleanUpAfter,
});
process.exit();
