/** Entry of the watchdog process, with the real abort file and the real cleanup. Started by watchdog.ts. */
import { findFusectlMount } from '../kernel/fusectl.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { parseArguments } from './watchdog-messages.js';
import { runWatchdog } from './watchdog-process.js';

function isAbortFile(path: string): boolean {
  return (
    /^\/sys\/fs\/fuse\/connections\/\d+\/abort$/.test(path) && findFusectlMount(readMountinfo()) !== undefined
  );
}

const args = parseArguments(process.argv[2]);
if (args === undefined) {
  process.stderr.write('watchdog: its one argument is not what watchdog.ts gives\n');
  process.exitCode = 2;
} else {
  await runWatchdog(args, {
    isAbortFile,
    loadCleanUp: async () => (await import('./watchdog-cleanup.js')).cleanUpAfter,
  });
  // The daemon's end of the pipes may be open still.
  process.exit();
}
