/** What a process asks the kernel about itself: prctl(2), execv(2), sched_setaffinity(2), getrlimit(2). */
import { declare, orErrno } from './libc.js';
import { writeValue } from './write-value.js';

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

const cExecv = declare<(path: string, argv: (string | null)[]) => number>(
  'int execv(const char *path, const char **argv)',
);

const F_SETFD = 2;
const cFcntl = declare<(fd: number, op: number, arg: number) => number>('int fcntl(int fd, int op, int arg)');

/**
 * execv(2): the program takes this process's place, with its pid, environment and descriptors 0, 1 and 2.  Answers
 * only where it fails: -errno.
 */
export function becomeProgram(path: string, words: readonly string[]): number {
  // Node has every descriptor closed on exec, these too.
  for (const fd of [0, 1, 2]) {
    const result = orErrno(cFcntl(fd, F_SETFD, 0));
    if (result < 0) return result;
  }
  return orErrno(cExecv(path, [path, ...words, null]));
}

/** Under memory pressure this process is to go first. Refused only in odd containers, and then nothing is lost. */
export function preferToBeKilled(): void {
  writeValue('/proc/self/oom_score_adj', '1000');
}

const MAX_CPUS = 8192;

const cSchedSetaffinity = declare<(pid: number, size: number, mask: Uint8Array) => number>(
  'int sched_setaffinity(int pid, size_t size, const void *mask)',
);
const cSchedGetaffinity = declare<(pid: number, size: number, mask: Uint8Array) => number>(
  'int sched_getaffinity(int pid, size_t size, void *mask)',
);

/** The lowest CPU that this thread may run on; or -errno. */
export function firstAllowedCpu(): number {
  const mask = new Uint8Array(MAX_CPUS / 8);
  const result = orErrno(cSchedGetaffinity(0, mask.length, mask));
  if (result < 0) return result;
  const byte = mask.findIndex((bits) => bits !== 0);
  return byte * 8 + Math.log2((mask[byte] ?? 0) & -(mask[byte] ?? 0));
}

/** Keeps this thread on one CPU. 0 or -errno. */
export function pinToCpu(cpu: number): number {
  const mask = new Uint8Array(MAX_CPUS / 8);
  mask[cpu >> 3] = 1 << (cpu & 7);
  return orErrno(cSchedSetaffinity(0, mask.length, mask));
}

/** <asm-generic/resource.h> */
const RLIMIT_NOFILE = 7;

const cGetrlimit = declare<(resource: number, into: Uint8Array) => number>(
  'int getrlimit(int resource, void *into)',
);

/** How many descriptors this process may have open (the soft limit); or -errno. */
export function maxOpenFiles(): number {
  const limit = new BigUint64Array(2);
  const result = orErrno(cGetrlimit(RLIMIT_NOFILE, new Uint8Array(limit.buffer)));
  return result < 0 ? result : Number(limit[0]);
}
