/**
 * Whether a recorded process still runs, and how it is stuck if it does.
 * A process that was killed but waits in the kernel is alive: its state is D and SIGKILL stays pending.
 * Authority: fs/proc/array.c, proc_pid_stat(5).
 */
import { errnoOf, isMissing } from '../kernel/kernel-file.js';
import { readProcStat } from '../kernel/proc-stat.js';
import { hasPendingSignal, readProcStatus } from '../kernel/proc-status.js';
import { listTasks, readStack, type StackFrame } from '../kernel/stacks.js';
import type { ProcessIdentity } from './machine.js';

const SIGKILL = 9;

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

/**
 * Ended, on its way out, or killed and only kept from ending by an uninterruptible wait.  By its first task alone, two
 * small files: SIGKILL is pending for each task until that takes it (complete_signal() in kernel/signal.c), and then that
 * task is exiting.
 */
export function isDoomed({ pid, startTime }: ProcessIdentity, root = '/'): boolean {
  try {
    const stat = readProcStat(pid, root);
    if (stat.starttime !== startTime || stat.exiting) return true;
    return hasPendingSignal(readProcStatus(pid, root), SIGKILL);
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
}

export interface TaskCondition {
  readonly tid: number;
  readonly comm: string;
  /** `D` is the one that no signal reaches. */
  readonly state: string;
  /** SIGKILL was sent and has not been taken. */
  readonly isKillPending: boolean;
  /** PF_EXITING: on its way out, maybe waiting there. */
  readonly isExiting: boolean;
  /** Innermost function first; absent where it may not be read. */
  readonly stack?: readonly StackFrame[];
}

export interface ProcessCondition {
  readonly isRunning: boolean;
  /** Some task of it is in D state. */
  readonly isInD: boolean;
  /** Some task of it was sent SIGKILL and has not taken it. */
  readonly isKillPending: boolean;
  readonly isExiting: boolean;
  readonly tasks: readonly TaskCondition[];
}

/** Of all its tasks; of none where it is gone, or where its pid belongs to another by now. */
export function readProcessCondition(identity: ProcessIdentity, root = '/'): ProcessCondition {
  const tasks = isProcessRunning(identity, root) ? readTasks(identity.pid, root) : [];
  return {
    isRunning: tasks.length > 0,
    isInD: tasks.some(({ state }) => state === 'D'),
    isKillPending: tasks.some((task) => task.isKillPending),
    isExiting: tasks.some((task) => task.isExiting),
    tasks,
  };
}

function readTasks(pid: number, root: string): TaskCondition[] {
  const tasks: TaskCondition[] = [];
  try {
    for (const tid of listTasks(pid, root)) {
      const task = readTask(pid, tid, root);
      if (task !== undefined) tasks.push(task);
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return tasks;
}

function readTask(pid: number, tid: number, root: string): TaskCondition | undefined {
  try {
    const stat = readProcStat(pid, root, tid);
    const status = readProcStatus(pid, root, tid);
    const stack = stackIfAllowed(pid, tid, root);
    return {
      tid,
      comm: stat.comm,
      state: stat.state,
      isKillPending: hasPendingSignal(status, SIGKILL),
      isExiting: stat.exiting,
      ...(stack === undefined ? {} : { stack }),
    };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function stackIfAllowed(pid: number, tid: number, root: string): StackFrame[] | undefined {
  try {
    return readStack(pid, root, tid);
  } catch (error) {
    // EPERM, EACCES, or no such file in a kernel that was built without.
    if (errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}
