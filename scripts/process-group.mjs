/**
 * Runs one command as its own process group, with a deadline that is enforced from outside.
 * Tests of this project may end in D state, where SIGKILL does nothing: no wait here is without an end, and
 * what cannot be killed is told with its kernel stack.
 * Reads only /proc/PID/stat and stack: cmdline and environ of a process in D state may block the reader.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long the kernel gets to end a group after SIGKILL. */
const graceMs = 5_000;
/** A process that only just exits may still be seen; it gets this long before it counts as left behind.
 *  On a machine where others want both cores, a process that was told to end needs some time to come to it. */
const leavingMs = 2000;

/** @type {Set<number>} */
const living = new Set();

/** For the signal handlers of the runner: nothing it has started outlives it. */
export function killAllGroups() {
  for (const group of living) kill(group);
}

/**
 * @param {string[]} argv
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, deadlineMs: number, logFile: string }} options
 *   `logFile` takes stdout and stderr: a file, so that a grandchild cannot keep a pipe open.
 * @returns {Promise<{ status: number | null, signal: string | null, timedOut: boolean, left: string[],
 *   stuck: string[] }>} `left`: processes that outlived the command and were killed, or what ran at the deadline;
 *   `stuck`: processes that SIGKILL did not end
 */
export async function runGroup(argv, { cwd, env, deadlineMs, logFile }) {
  const log = openSync(logFile, 'w');
  const [command, ...args] = argv;
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => resolve({ status, signal }));
  });
  if (child.pid === undefined) return await ended;
  const group = child.pid;
  living.add(group);
  try {
    const timer = new AbortController();
    const atDeadline = sleep(deadlineMs, undefined, { signal: timer.signal }).catch(() => undefined);
    const first = await Promise.race([ended, atDeadline]);
    timer.abort();
    const timedOut = first === undefined;
    if (!timedOut) await emptied(group, leavingMs);
    const left = describe(group);
    kill(group);
    const end = first ?? (await Promise.race([ended, sleep(graceMs)])) ?? { status: null, signal: null };
    await emptied(group, graceMs);
    child.unref();
    return { ...end, timedOut, left, stuck: describe(group) };
  } finally {
    living.delete(group);
  }
}

function kill(group) {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Waits until no process of the group is there but zombies, at most `limitMs`. */
async function emptied(group, limitMs) {
  const deadline = performance.now() + limitMs;
  while (hasMembers(group) && performance.now() < deadline) {
    if (members(group).length === 0) return;
    await sleep(20);
  }
}

function hasMembers(group) {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** One line for each process of the group, with its kernel stack where that may be read (root). */
function describe(group) {
  if (!hasMembers(group)) return [];
  return members(group).map(({ pid, comm, state }) => {
    const stack = read(`/proc/${pid}/stack`)
      ?.replaceAll(/^\[<0>\] /gm, '')
      .trim()
      .split('\n')
      .join(' < ');
    return `${comm} (pid ${pid}, state ${state})${stack ? `: ${stack}` : ''}`;
  });
}

/** Processes of the group that still run: a zombie only waits for its parent. */
function members(group) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => stat(pid))
    .filter((process) => process?.group === group && process.state !== 'Z' && process.state !== 'X');
}

/** proc_pid_stat(5): pid (comm) state ppid pgrp ...; the comm may hold spaces and parentheses. */
function stat(pid) {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const close = text.lastIndexOf(')');
  const [state, , pgrp] = text.slice(close + 2).split(' ');
  return { pid: Number(pid), comm: text.slice(text.indexOf('(') + 1, close), state, group: Number(pgrp) };
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
