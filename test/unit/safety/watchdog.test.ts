/** The real watchdog process, with a plain file in place of the abort file: what it says there is what it did. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readProcStat } from '../../../src/kernel/proc-stat.js';
import { isProcessRunning } from '../../../src/safety/process-condition.js';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { spawnWatchdog, WatchdogError } from '../../../src/safety/watchdog.js';
import { temporaryDirectory } from './fixtures.js';
import type { DaemonArguments } from './watchdog-daemon.js';

const deadlineMs = 15_000;

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end) assert.fail(`${what} has not come true within ${deadlineMs} ms`);
    await sleep(10);
  }
}

interface Daemon {
  readonly child: ChildProcess;
  readonly watchdog: { readonly pid: number; readonly startTime: number };
  readonly stateDirectory: string;
  readonly heard: Record<string, unknown>[];
  say(word: string): void;
  hasAborted(): boolean;
  log(): string;
}

async function startDaemon(
  t: TestContext,
  options: { maxHoldMs: number; hasLeash?: boolean; runDirectory?: string; stateRoot?: string },
): Promise<Daemon> {
  const work = temporaryDirectory(t);
  const abortPath = join(work, 'abort');
  writeFileSync(abortPath, '');
  const args: DaemonArguments = {
    hasLeash: false,
    stateRoot: join(work, 'state'),
    ...options,
    abortPath,
  };
  mkdirSync(args.stateRoot, { recursive: true, mode: 0o700 });
  const entry = fileURLToPath(new URL('./watchdog-daemon.js', import.meta.url));
  const child = spawn(process.execPath, [entry, JSON.stringify(args)], {
    stdio: ['pipe', 'pipe', 'inherit', ...(args.hasLeash ? (['pipe'] as const) : [])],
  });
  t.after(() => child.kill('SIGKILL'));
  const heard: Record<string, unknown>[] = [];
  if (child.stdout === null) assert.fail('no stdout');
  createInterface({ input: child.stdout }).on('line', (line) => heard.push(JSON.parse(line)));
  await until('the daemon has its watchdog', () => heard.length > 0);
  const { watchdog: pid, startTime, directory } = heard[0] ?? {};
  const watchdog = { pid: Number(pid), startTime: Number(startTime) };
  t.after(() => {
    if (isProcessRunning(watchdog)) process.kill(watchdog.pid, 'SIGKILL');
  });
  const stateDirectory = String(directory);
  return {
    child,
    watchdog,
    stateDirectory,
    heard,
    say: (word) => child.stdin?.write(`${word}\n`),
    hasAborted: () => readFileSync(abortPath, 'utf8') === '1',
    log: () => readFileSync(join(stateDirectory, 'watchdog.log'), 'utf8'),
  };
}

test('a daemon that says bye is not aborted, and the watchdog clears what it left', async (t) => {
  const daemon = await startDaemon(t, { maxHoldMs: 60_000 });
  daemon.say('hold');
  daemon.say('bye');
  await until('the watchdog ends', () => !isProcessRunning(daemon.watchdog));
  assert.equal(daemon.hasAborted(), false);
  assert.equal(existsSync(daemon.stateDirectory), false);
});

test('a daemon that is killed is aborted for, and its state directory is cleaned up', async (t) => {
  const daemon = await startDaemon(t, { maxHoldMs: 60_000 });
  assert.equal(daemon.hasAborted(), false);
  daemon.child.kill('SIGKILL');
  await until('the watchdog ends', () => !isProcessRunning(daemon.watchdog));
  assert.equal(daemon.hasAborted(), true);
  assert.equal(existsSync(daemon.stateDirectory), false);
});

test('a daemon that is stopped is aborted for after the silence, and cleaned up after its death', async (t) => {
  const daemon = await startDaemon(t, { maxHoldMs: 300 });
  await sleep(500);
  assert.equal(daemon.hasAborted(), false, 'while it says how it is');
  daemon.child.kill('SIGSTOP');
  await until('the abort', daemon.hasAborted);
  assert.match(daemon.log(), /"abort":"no-heartbeat"/);
  assert.equal(isProcessRunning(daemon.watchdog), true);
  daemon.child.kill('SIGKILL');
  await until('the watchdog ends', () => !isProcessRunning(daemon.watchdog));
  assert.equal(existsSync(daemon.stateDirectory), false);
});

test('what is held too long is aborted, what is released in time is not, and the daemon is told', async (t) => {
  const daemon = await startDaemon(t, { maxHoldMs: 1500 });
  daemon.say('hold');
  await sleep(700);
  daemon.say('release');
  await sleep(1200);
  assert.equal(daemon.hasAborted(), false);
  daemon.say('hold');
  await until('the abort', daemon.hasAborted);
  await until('the daemon hears of it', () => daemon.heard.length > 1);
  assert.deepEqual(daemon.heard[1], { aborted: 'held-too-long' });
});

/** A runner and a workload of a run, as its state directory tells of them, and the daemon of its mount. */
async function startRun(t: TestContext) {
  const stateRoot = join(temporaryDirectory(t), 'state');
  mkdirSync(stateRoot, { mode: 0o700 });
  const runner = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const workload = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  t.after(() => runner.kill('SIGKILL'));
  t.after(() => workload.kill('SIGKILL'));
  const identify = (child: ChildProcess) => {
    const pid = child.pid ?? 0;
    return { pid, startTime: readProcStat(pid).starttime };
  };
  const { pid, startTime } = identify(runner);
  const runDirectory = join(stateRoot, `run-${pid}-${startTime}`);
  mkdirSync(runDirectory, { mode: 0o700 });
  const state = {
    version: 1,
    kind: 'run',
    pid,
    startTime,
    processes: [
      { role: 'runner', pid, startTime },
      { role: 'workload', ...identify(workload) },
      // A pid that was given out again: whoever has it now is not ours.
      { role: 'trigger', pid: process.pid, startTime: readProcStat('self').starttime + 1 },
    ],
  };
  writeFileSync(join(runDirectory, 'state.json'), JSON.stringify(state));
  const daemon = await startDaemon(t, { maxHoldMs: 60_000, hasLeash: true, runDirectory, stateRoot });
  const workloadEnded = new Promise((resolve) => workload.once('exit', (_, signal) => resolve(signal)));
  const leash = daemon.child.stdio[3];
  if (leash === null || leash === undefined) assert.fail('no leash');
  return { daemon, runDirectory, workloadEnded, leash };
}

test('when the runner dies both the daemon and what the run left are ended', async (t) => {
  const { daemon, runDirectory, workloadEnded, leash } = await startRun(t);
  const daemonEnded = new Promise((resolve) => daemon.child.once('exit', (_, signal) => resolve(signal)));
  leash.destroy();
  assert.equal(await daemonEnded, 'SIGKILL');
  assert.equal(await workloadEnded, 'SIGKILL');
  await until('the watchdog ends', () => !isProcessRunning(daemon.watchdog));
  assert.equal(daemon.hasAborted(), true);
  assert.equal(existsSync(daemon.stateDirectory), false);
  assert.equal(existsSync(runDirectory), false);
});

test('when the runner dies in the same moment as the daemon, what the run left is ended too', async (t) => {
  const { daemon, runDirectory, workloadEnded, leash } = await startRun(t);
  daemon.child.kill('SIGKILL');
  await until('the abort', daemon.hasAborted);
  leash.destroy();
  assert.equal(await workloadEnded, 'SIGKILL');
  await until('the watchdog ends', () => !isProcessRunning(daemon.watchdog));
  assert.equal(existsSync(runDirectory), false);
});

test('a run whose daemon dies alone is its own affair', async (t) => {
  const { daemon, runDirectory } = await startRun(t);
  daemon.child.kill('SIGKILL');
  await until('the watchdog ends', () => !isProcessRunning(daemon.watchdog));
  assert.equal(existsSync(daemon.stateDirectory), false);
  assert.equal(existsSync(runDirectory), true);
});

/** Both words come at once, however late the watchdog reads them. */
test('a death that the runner announced is aborted for only after a while, and then cleaned up', async (t) => {
  const { daemon, runDirectory, leash } = await startRun(t);
  if (!('write' in leash)) assert.fail('no leash to write to');
  process.kill(daemon.watchdog.pid, 'SIGSTOP');
  leash.write('{"deathGraceMs":1500}\n');
  daemon.child.kill('SIGKILL');
  await sleep(200);
  process.kill(daemon.watchdog.pid, 'SIGCONT');
  const startedMs = performance.now();
  await until('the abort', daemon.hasAborted);
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs > 1400, `aborted after ${tookMs} ms`);
  await until('the watchdog ends', () => !isProcessRunning(daemon.watchdog));
  assert.equal(existsSync(daemon.stateDirectory), false);
  assert.equal(existsSync(runDirectory), true);
});

test('a death that the runner announced is aborted for at once when the runner dies, too', async (t) => {
  const { daemon, runDirectory, workloadEnded, leash } = await startRun(t);
  if (!('write' in leash)) assert.fail('no leash to write to');
  leash.write('{"deathGraceMs":5000}\n');
  daemon.child.kill('SIGKILL');
  const startedMs = performance.now();
  leash.destroy();
  await until('the abort', daemon.hasAborted);
  assert.ok(performance.now() - startedMs < 4500);
  assert.equal(await workloadEnded, 'SIGKILL');
  await until('the watchdog ends', () => !isProcessRunning(daemon.watchdog));
  assert.equal(existsSync(runDirectory), false);
});

test('a runner that says bye may go', async (t) => {
  const daemon = await startDaemon(t, { maxHoldMs: 60_000, hasLeash: true });
  const leash = daemon.child.stdio[3];
  if (leash === null || leash === undefined || !('write' in leash)) assert.fail('no leash');
  leash.end('{"bye":true}\n');
  await sleep(700);
  assert.equal(daemon.hasAborted(), false);
  assert.equal(isProcessRunning(daemon.watchdog), true);
});

test('signals that end others do not end the watchdog, and it is in a session of its own', async (t) => {
  const daemon = await startDaemon(t, { maxHoldMs: 60_000 });
  const { pid } = daemon.watchdog;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
  await until('it has heard all three', () => (daemon.log().match(/"ignored":"SIG/g) ?? []).length === 3);
  assert.equal(isProcessRunning(daemon.watchdog), true);
  assert.equal(readProcStat(pid).session, pid);
  daemon.child.kill('SIGKILL');
  await until('the abort', daemon.hasAborted);
});

test('a watchdog that was stopped for a while reads what it missed before it judges', async (t) => {
  const daemon = await startDaemon(t, { maxHoldMs: 1000 });
  process.kill(daemon.watchdog.pid, 'SIGSTOP');
  await sleep(3000);
  process.kill(daemon.watchdog.pid, 'SIGCONT');
  await sleep(500);
  assert.equal(daemon.hasAborted(), false);
});

test('the death of the watchdog is told to the daemon', async (t) => {
  const daemon = await startDaemon(t, { maxHoldMs: 60_000 });
  process.kill(daemon.watchdog.pid, 'SIGKILL');
  await until('the daemon hears of it', () => daemon.heard.some((one) => 'watchdogEnded' in one));
});

test('the watchdog of production refuses what is no abort file of fusectl', async (t) => {
  const directory = StateDirectory.create('mount', 'daemon', {}, temporaryDirectory(t));
  const abortPath = join(temporaryDirectory(t), 'abort');
  writeFileSync(abortPath, '');
  await assert.rejects(
    spawnWatchdog({ directory, abortPath, maxHoldMs: 1000 }),
    (error) => error instanceof WatchdogError && /is no abort file of fusectl/.test(error.message),
  );
  assert.equal(readFileSync(abortPath, 'utf8'), '');
});
