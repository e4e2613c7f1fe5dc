/**
 * Whether a recorded process still runs, and how it is stuck if it does.
 * A process that was killed but waits in the kernel is alive: its state is D and SIGKILL stays pending.
 * Authority: fs/proc/array.c, proc_pid_stat(5).
 */
import { isMissing } from '../kernel/kernel-file.js';
import { readProcStat } from '../kernel/proc-stat.js';
import type { ProcessIdentity } from './machine.js';

/** A zombie whose other threads are gone does not run; one with a thread left does (the thread may be in D). */
export function isProcessRunning({ pid, startTime }: ProcessIdentity, root = '/'): boolean {
  try {
    const stat = readProcStat(pid, root);
    if (stat.starttime !== startTime) return false;
    return !((stat.state === 'Z' || stat.state === 'X') && stat.numThreads <= 1);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
