/**
 * A value written by a process of its own, which is given up at a deadline: for files whose write may wait in the kernel,
 * uninterruptibly, behind a trigger that hangs.  Whoever cleans up must not hang there, too.
 * Authority: nr_hugepages waits for hstate->resize_lock (mm/hugetlb.c), the state of a memory block for the block's device
 * lock (drivers/base/memory.c).
 */
import { spawn } from 'node:child_process';
import { readProcStat } from '../kernel/proc-stat.js';
import { isProcessRunning } from './process-condition.js';

const POLL_MS = 5;
const slowFiles = /\/nr_hugepages$|\/memory\d+\/state$/;

/** Whether a write there may take as long as somebody else's. */
export function mayWait(path: string): boolean {
  return slowFiles.test(path);
}

/**
 * Blocks until the process has ended, be the value written or refused, which the file itself tells; or up to the deadline.
 */
export function writeWithin(
  file: string,
  value: string,
  deadlineMs: number,
): { readonly kind: 'ended' | 'not started' } | { readonly kind: 'late'; readonly pid: number } {
  const child = spawn('/bin/sh', ['-c', 'printf "%s\\n" "$1" > "$2"', 'sh', value, file], {
    cwd: '/',
    env: {},
    stdio: 'ignore',
    // Ctrl-C in the terminal does not reach it.
    detached: true,
  });
  // Told by the pid, too.
  child.on('error', () => undefined);
  child.unref();
  const { pid } = child;
  if (pid === undefined) return { kind: 'not started' };
  // Nobody has waited for it: so it is there, if only as a zombie.
  const identity = { pid, startTime: readProcStat(pid).starttime };
  const idle = new Int32Array(new SharedArrayBuffer(4));
  const untilMs = performance.now() + deadlineMs;
  while (isProcessRunning(identity)) {
    if (performance.now() >= untilMs) {
      child.kill('SIGKILL');
      return { kind: 'late', pid };
    }
    Atomics.wait(idle, 0, 0, POLL_MS);
  }
  return { kind: 'ended' };
}
