/**
 * All the processes in /proc, and the tasks among them that are in one state: who is stuck, and where.
 * Processes come and go while this looks; one that is gone is left out.
 * Authority: proc(5).
 */
import { errnoOf, isMissing, listKernelDirectory } from './kernel-file.js';
import { readProcStat } from './proc-stat.js';
import { listTasks, readStack, readWchan, type StackFrame } from './stacks.js';

export interface TaskInState {
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly state: string;
  /** In clock ticks since boot; with the tid it names this task and no later one. */
  readonly starttime: number;
  readonly wchan?: string;
  /** Innermost function first; absent where it may not be read (it needs CAP_SYS_ADMIN). */
  readonly stack?: readonly StackFrame[];
}

/** Every process id, ascending. */
export function listPids(root = '/'): number[] {
  return listKernelDirectory('/proc', root)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * The tasks in this state, with their stacks.
 * @param state `D` for the ones that no signal reaches
 * @param pids the processes to look at; all of them unless given
 */
export function tasksInState(
  state: string,
  root = '/',
  pids: readonly number[] = listPids(root),
): TaskInState[] {
  const tasks: TaskInState[] = [];
  for (const pid of pids) {
    for (const tid of ifPresent(() => listTasks(pid, root)) ?? []) {
      const task = ifPresent(() => readTask(pid, tid, state, root));
      if (task !== undefined) tasks.push(task);
    }
  }
  return tasks;
}

function readTask(pid: number, tid: number, state: string, root: string): TaskInState | undefined {
  const stat = readProcStat(pid, root, tid);
  if (stat.state !== state) return undefined;
  const wchan = ifPermitted(() => readWchan(pid, root, tid));
  const stack = ifPermitted(() => readStack(pid, root, tid));
  return {
    pid,
    tid,
    comm: stat.comm,
    state: stat.state,
    starttime: stat.starttime,
    ...(wchan === undefined ? {} : { wchan }),
    ...(stack === undefined ? {} : { stack }),
  };
}

function ifPresent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const EPERM = 1;
const EACCES = 13;

/** A kernel without CONFIG_STACKTRACE has no stack file at all. */
function ifPermitted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === EPERM || errno === EACCES || isMissing(error)) return undefined;
    throw error;
  }
}
