/** What a child process asks the kernel about itself: prctl(2). */
import { declare, orErrno } from './libc.js';

const PR_SET_PDEATHSIG = 1;

const cPrctl = declare<(option: number, a: number, b: number, c: number, d: number) => number>(
  'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
);

/**
 * Has the kernel send `signal` to this process when the thread that forked it ends.  It reaches a task in D
 * state too, but ends it only when that wait is over.  0 or -errno.
 */
export function dieWithParent(signal: number): number {
  return orErrno(cPrctl(PR_SET_PDEATHSIG, signal, 0, 0, 0));
}
