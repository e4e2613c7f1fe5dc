/** The guard's process, with a run that has changed nothing: what it does to the run's state directory. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterRunner } from '../../../src/safety/after-runner.js';
import { startRunGuard } from '../../../src/safety/run-guard.js';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { temporaryDirectory } from './fixtures.js';

const entry = fileURLToPath(new URL('../../../src/safety/run-guard-main.js', import.meta.url));

function runDirectory(t: TestContext): StateDirectory {
  return StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
}

function guardOf(directory: StateDirectory) {
  const child = spawn(process.execPath, [entry, directory.path], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => {});
  const exited = new Promise<number | null>((resolve) => child.once('exit', (status) => resolve(status)));
  return { child, exited };
}

test('a guard that is dismissed leaves everything as it is', async (t) => {
  const directory = runDirectory(t);
  const guard = await startRunGuard(directory);
  assert.ok(directory.read().processes.some(({ role, pid }) => role === 'guard' && pid === guard.pid));
  await guard.dismiss();
  assert.throws(() => process.kill(guard.pid, 0), /ESRCH/);
  assert.equal(existsSync(directory.path), true);
});

test('the end of its input without a bye is the end of the runner: the run is cleaned up', async (t) => {
  const directory = runDirectory(t);
  const { child, exited } = guardOf(directory);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  assert.equal(existsSync(directory.path), true);
  child.stdin.end();
  assert.equal(await exited, 0);
  assert.equal(existsSync(directory.path), false);
});

test('a runner that died before its guard was armed is cleaned up after, too', async (t) => {
  const directory = runDirectory(t);
  const { child, exited } = guardOf(directory);
  child.stdout.destroy();
  child.stdin.destroy();
  assert.equal(await exited, 0);
  assert.equal(existsSync(directory.path), false);
});

test('mounts of the run that have no watchdog are cleaned up first, and those of another run are not', async (t) => {
  const run = runDirectory(t);
  const details = (leader: string) => ({ mountPoint: '/nowhere', leader });
  const ours = StateDirectory.create('mount', 'workload', details(run.name), run.root);
  assert.deepEqual(
    (await afterRunner(run)).map(({ path }) => path),
    [ours.path, run.path],
  );
  const other = StateDirectory.create('mount', 'workload', details('run-1-1'), run.root);
  assert.deepEqual(await afterRunner(run), []);
  assert.equal(existsSync(other.path), true);
});

test('a watchdog that is at work is waited for', async (t) => {
  const run = runDirectory(t);
  const mount = StateDirectory.create('mount', 'workload', { leader: run.name }, run.root);
  const watchdog = spawn('sleep', ['30'], { stdio: 'ignore' });
  t.after(() => watchdog.kill('SIGKILL'));
  mount.addProcess('watchdog', watchdog.pid ?? 0);
  const done = afterRunner(run);
  await delay(300);
  assert.deepEqual([existsSync(mount.path), existsSync(run.path)], [true, true]);
  watchdog.kill('SIGKILL');
  await done;
  assert.deepEqual([existsSync(mount.path), existsSync(run.path)], [false, false]);
});
