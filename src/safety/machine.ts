/**
 * What this room acts upon: the kernel's files below a root, the clock, mounts, and signals to recorded processes.
 * One value for the real machine; tests put another in its place.
 * Authority: pidfd_open(2), pidfd_send_signal(2), flock(2), mount(2), umount2(2).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Errno } from '../base/errno.js';
import { isSameProcess } from '../kernel/proc-stat.js';
import { close } from '../syscall/file.js';
import { declare, orErrno } from '../syscall/libc.js';
import { mount, umount2 } from '../syscall/mount.js';

/** A pid, and the clock ticks since boot at which it started: never another process. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: number;
}

export interface Machine {
  /** The directory that stands for / in front of /proc and /sys. */
  readonly root: string;
  /** 0 or -errno. */
  readonly mount: typeof mount;
  /** 0 or -errno. */
  readonly umount2: typeof umount2;
  /** 0 or -errno; -ESRCH where that process is gone, whoever has its pid now. */
  readonly kill: (target: ProcessIdentity, signal: number) => number;
  /** CLOCK_MONOTONIC. */
  readonly nowMs: () => number;
  /** A sleep that is not over keeps the process alive, unless its signal is aborted: then it resolves. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

// include/uapi/asm-generic/unistd.h; x86-64 has the same numbers from 424 on.
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const cSyscall = declare<(number: number, a: number, b: number, c: number, d: number) => number>(
  'long syscall(long number, long a, long b, long c, long d)',
);

/** A pidfd is taken before the look at the start time, so no reuse of the pid can come in between. */
function kill(target: ProcessIdentity, signal: number): number {
  const fd = orErrno(cSyscall(SYS_pidfd_open, target.pid, 0, 0, 0));
  if (fd < 0) return fd;
  try {
    if (!isSameProcess(target.pid, target.startTime)) return -Errno.ESRCH;
    return orErrno(cSyscall(SYS_pidfd_send_signal, fd, signal, 0, 0));
  } finally {
    close(fd);
  }
}

export const thisMachine: Machine = {
  root: '/',
  mount,
  umount2,
  kill,
  nowMs: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};

/** What the promise resolves to, or undefined after `ms`; nothing of the wait is left behind. */
export async function withinMs<T>(machine: Machine, ms: number, promise: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, machine.sleep(ms, timer.signal).then(() => undefined)]);
  } finally {
    timer.abort();
  }
}
