/**
 * /proc/PID/stack and /proc/PID/wchan: where in the kernel a task waits.
 * A stack is a snapshot of a task that may be running, so an empty one proves nothing.
 * Authority: fs/proc/base.c (proc_pid_stack, proc_pid_wchan), kernel/kallsyms.c (%pB).
 */
import { isMissing, linesOf, listKernelDirectory, malformed, readKernelFile } from './kernel-file.js';

export interface StackFrame {
  /** The function, or the bare address where the kernel has no name for it. */
  readonly symbol: string;
  /** Bytes into the function, and its size. */
  readonly offset?: number;
  readonly size?: number;
  readonly module?: string;
}

export interface TaskStack {
  readonly tid: number;
  /** Innermost function first. */
  readonly frames: readonly StackFrame[];
}

const frameLine =
  /^\[<[0-9a-f]+>\] (?:([^\s+]+)\+0x([0-9a-f]+)\/0x([0-9a-f]+)(?: \[(\S+)(?: [0-9a-f]+)?\])?|(0x[0-9a-f]+))$/;

export function parseStack(text: string, file = '/proc/PID/stack'): StackFrame[] {
  const frames: StackFrame[] = [];
  linesOf(text).forEach((line, index) => {
    // Before 5.x the kernel ended the list with this mark.
    if (/^\[<[0-9a-f]+>\] 0xf{16}$/.test(line)) return;
    const match = frameLine.exec(line);
    const symbol = match?.[1];
    const address = match?.[5];
    if (symbol !== undefined) {
      const module = match?.[4];
      frames.push({
        symbol,
        offset: Number.parseInt(match?.[2] ?? '', 16),
        size: Number.parseInt(match?.[3] ?? '', 16),
        ...(module === undefined ? {} : { module }),
      });
    } else if (address !== undefined) frames.push({ symbol: address });
    else throw malformed(file, index + 1, '"[<0>] symbol+0xoffset/0xsize"', line);
  });
  return frames;
}

/** The stack of a process's main task, or of the task `tid`. Needs CAP_SYS_ADMIN. */
export function readStack(pid: number | 'self', root = '/', tid?: number): StackFrame[] {
  const file = tid === undefined ? `/proc/${pid}/stack` : `/proc/${pid}/task/${tid}/stack`;
  return parseStack(readKernelFile(file, root), file);
}

/** The ids of the tasks of a process. */
export function listTasks(pid: number | 'self', root = '/'): number[] {
  return listKernelDirectory(`/proc/${pid}/task`, root)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The stacks of every task of a process; a task that ends meanwhile is left out. */
export function readTaskStacks(pid: number | 'self', root = '/'): TaskStack[] {
  const stacks: TaskStack[] = [];
  for (const tid of listTasks(pid, root)) {
    try {
      stacks.push({ tid, frames: readStack(pid, root, tid) });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return stacks;
}

/** The function that a task sleeps in; undefined where it does not sleep (the kernel says 0). */
export function parseWchan(text: string): string | undefined {
  const symbol = text.trim();
  return symbol === '' || symbol === '0' ? undefined : symbol;
}

export function readWchan(pid: number | 'self', root = '/', tid?: number): string | undefined {
  const file = tid === undefined ? `/proc/${pid}/wchan` : `/proc/${pid}/task/${tid}/wchan`;
  return parseWchan(readKernelFile(file, root));
}
