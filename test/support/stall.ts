/** The middle of a stall, as a test finds it: by the state directories that the product keeps, not by names. */
import { isSameProcess, readProcStat } from '../../src/kernel/proc-stat.js';
import { readStack } from '../../src/kernel/stacks.js';
import { listStateDirectories } from '../../src/safety/state-directory.js';

export interface RecordedProcess {
  readonly role: string;
  readonly pid: number;
  readonly startTime: number;
}

/** Every process that a daemon or a run has written down. */
export function recordedProcesses(): RecordedProcess[] {
  return listStateDirectories().readable.flatMap(({ state }) => [...state.processes]);
}

/** The trigger hangs in the kernel, waiting for a folio. @param waitsIn the function that must be on its stack */
export function triggerIsStalled(waitsIn = 'folio_wait_writeback'): boolean {
  const trigger = recordedProcesses().find((one) => one.role === 'trigger');
  if (trigger === undefined) return false;
  try {
    return (
      isSameProcess(trigger.pid, trigger.startTime) &&
      readProcStat(trigger.pid).state === 'D' &&
      readStack(trigger.pid).some((frame) => frame.symbol === waitsIn)
    );
  } catch {
    return false;
  }
}

/** A zombie that nobody has reaped is dead. */
export function isAlive(one: RecordedProcess): boolean {
  try {
    return isSameProcess(one.pid, one.startTime) && readProcStat(one.pid).state !== 'Z';
  } catch {
    return false;
  }
}
