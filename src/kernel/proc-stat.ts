/**
 * /proc/PID/stat: the state of a task, and the start time that tells it from a later one with the same pid.
 * Authority: fs/proc/array.c (do_task_stat), proc_pid_stat(5).
 */
import { isMissing, malformed, parseCount, parseInteger, readKernelFile } from './kernel-file.js';

/** include/linux/sched.h: the task is on its way out. */
const PF_EXITING = 0x4;

export interface ProcStat {
  readonly pid: number;
  /** May hold blanks, parentheses and newlines. */
  readonly comm: string;
  /** `R`, `S`, `D`, `T`, `t`, `Z`, `X`, `I`, … */
  readonly state: string;
  readonly ppid: number;
  readonly pgrp: number;
  readonly session: number;
  /** PF_* of the kernel. */
  readonly flags: number;
  readonly exiting: boolean;
  readonly numThreads: number;
  /** In clock ticks (1/100 s) since boot. */
  readonly starttime: number;
}

export function parseProcStat(text: string, file = '/proc/PID/stat'): ProcStat {
  // The command comes between the first "(" and the last ")", and may hold either.
  const open = text.indexOf(' (');
  const close = text.lastIndexOf(') ');
  if (open < 0 || close < open) throw malformed(file, 1, '"pid (comm) state …"', text);
  const fields = text
    .slice(close + 2)
    .trim()
    .split(' ');
  const state = fields[0];
  if (state === undefined || !/^[A-Za-z]$/.test(state))
    throw malformed(file, 1, 'a state letter', state ?? text);
  // proc_pid_stat(5) counts from 1 and the state is its third field.
  const field = (number: number): string | undefined => fields[number - 3];
  const flags = parseCount(field(9), file, 1, 'flags');
  return {
    pid: parseCount(text.slice(0, open), file, 1, 'the pid'),
    comm: text.slice(open + 2, close),
    state,
    ppid: parseCount(field(4), file, 1, 'ppid'),
    pgrp: parseInteger(field(5), file, 1, 'pgrp'),
    session: parseInteger(field(6), file, 1, 'session'),
    flags,
    exiting: (flags & PF_EXITING) !== 0,
    numThreads: parseCount(field(20), file, 1, 'num_threads'),
    starttime: parseCount(field(22), file, 1, 'starttime'),
  };
}

/** The whole process, or one of its tasks where `tid` is given. */
export function readProcStat(pid: number | 'self', root = '/', tid?: number): ProcStat {
  const file = tid === undefined ? `/proc/${pid}/stat` : `/proc/${pid}/task/${tid}/stat`;
  return parseProcStat(readKernelFile(file, root), file);
}

/** Whether `pid` is still the process that was started at `starttime` (a zombie is). */
export function isSameProcess(pid: number, starttime: number, root = '/'): boolean {
  try {
    return readProcStat(pid, root).starttime === starttime;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
