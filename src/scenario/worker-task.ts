/**
 * The task that does what was asked for where that is no process of ours: a worker of the kernel's, known by the function
 * in its stack.  Looks for it until it is found, and again once it does something else.
 */

import { readProcStat } from '../kernel/proc-stat.js';
import { listPids } from '../kernel/processes.js';
import { readStack } from '../kernel/stacks.js';
import type { TaskSample } from './child.js';

export class WorkerTask {
  private pid: number | undefined;

  constructor(private readonly kernelFunction: string) {}

  /** undefined while none is at it, as far as stacks show; that of a task which runs on another CPU is empty. */
  sample(): TaskSample | undefined {
    const known = this.pid === undefined ? undefined : this.sampleOf(this.pid);
    if (known !== undefined) return known;
    for (const pid of listPids()) {
      const sample = this.sampleOf(pid);
      if (sample === undefined) continue;
      this.pid = pid;
      return sample;
    }
    return undefined;
  }

  private sampleOf(pid: number): TaskSample | undefined {
    try {
      const { comm, state } = readProcStat(pid);
      if (!comm.startsWith('kworker/')) return undefined;
      const stack = readStack(pid).map((frame) => frame.symbol);
      return stack.includes(this.kernelFunction) ? { pid, comm, state, stack } : undefined;
    } catch {
      // Gone since it was listed.
      return undefined;
    }
  }
}
