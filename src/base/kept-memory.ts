/**
 * Low memory that was kept from whoever came before the run: a file in memory, whose name is in the environment.  A guest's
 * init makes it (vm/guest/init.ts), as the kernel gives low memory first: the ballast has it next, and the sets land there,
 * below what our own processes have on the migrate scanner's way.
 */
import { unlinkSync } from 'node:fs';

export const KEPT_MEMORY_VARIABLE = 'STUCKFS_KEPT_MEMORY';

/** Gives it back to the kernel, the first time. */
export function giveUpKeptMemory(environment: NodeJS.ProcessEnv = process.env): void {
  const path = environment[KEPT_MEMORY_VARIABLE];
  if (path === undefined || path === '') return;
  delete environment[KEPT_MEMORY_VARIABLE];
  try {
    unlinkSync(path);
  } catch (error) {
    // Another ballast, before this one, has given it up.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
