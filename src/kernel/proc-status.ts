/**
 * /proc/PID/status: credentials and pending signals of a task.
 * A pending SIGKILL on a task in D state is the mark of somebody who was killed and cannot die.
 * Authority: fs/proc/array.c (proc_pid_status), proc_pid_status(5).
 */
import { linesOf, malformed, parseCount, readKernelFile } from './kernel-file.js';

export interface ProcStatus {
  readonly name: string;
  /** The state letter. */
  readonly state: string;
  readonly tgid: number;
  readonly pid: number;
  readonly ppid: number;
  /** real, effective, saved, filesystem */
  readonly uids: readonly [number, number, number, number];
  /** Capabilities, a bit each (include/uapi/linux/capability.h). */
  readonly capEff: bigint;
  /** Signals pending for this task, and for the whole process: bit N-1 is signal N. */
  readonly sigPnd: bigint;
  readonly shdPnd: bigint;
}

export function parseProcStatus(text: string, file = '/proc/PID/status'): ProcStatus {
  const fields = new Map<string, { value: string; line: number }>();
  linesOf(text).forEach((line, index) => {
    const colon = line.indexOf(':');
    if (colon < 0) throw malformed(file, index + 1, '"Name: value"', line);
    fields.set(line.slice(0, colon), { value: line.slice(colon + 1).trim(), line: index + 1 });
  });
  const need = (name: string) => {
    const field = fields.get(name);
    if (field === undefined) throw malformed(file, undefined, `a line "${name}:"`);
    return field;
  };
  const count = (name: string): number => {
    const { value, line } = need(name);
    return parseCount(value, file, line, name);
  };
  const mask = (name: string): bigint => {
    const { value, line } = need(name);
    if (!/^[0-9a-f]{1,16}$/.test(value)) throw malformed(file, line, `${name} in hexadecimal`, value);
    return BigInt(`0x${value}`);
  };
  const { value: uidText, line: uidLine } = need('Uid');
  const uids = uidText.split(/\s+/);
  const uid = (index: number): number => parseCount(uids[index], file, uidLine, 'four user ids');
  const { value: stateText, line: stateLine } = need('State');
  const state = /^[A-Za-z]/.exec(stateText)?.[0];
  if (state === undefined) throw malformed(file, stateLine, 'a state letter', stateText);
  return {
    name: need('Name').value,
    state,
    tgid: count('Tgid'),
    pid: count('Pid'),
    ppid: count('PPid'),
    uids: [uid(0), uid(1), uid(2), uid(3)],
    capEff: mask('CapEff'),
    sigPnd: mask('SigPnd'),
    shdPnd: mask('ShdPnd'),
  };
}

export function readProcStatus(pid: number | 'self', root = '/', tid?: number): ProcStatus {
  const file = tid === undefined ? `/proc/${pid}/status` : `/proc/${pid}/task/${tid}/status`;
  return parseProcStatus(readKernelFile(file, root), file);
}

/** Whether `signal` (9 is SIGKILL) was sent and has not been taken yet, by the task or by its process. */
export function hasPendingSignal(status: Pick<ProcStatus, 'sigPnd' | 'shdPnd'>, signal: number): boolean {
  return (((status.sigPnd | status.shdPnd) >> BigInt(signal - 1)) & 1n) === 1n;
}
