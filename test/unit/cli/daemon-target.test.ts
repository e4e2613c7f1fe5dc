/** Which daemon is meant, when no socket is named: found through state directories. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readProcStat } from '../../../src/kernel/proc-stat.js';
import { serveFake } from '../control/fake-daemon.js';
import { assertOneLineError, freshDirectory, runCli } from './run-cli.js';

interface Recorded {
  readonly pid: number;
  readonly startTime?: number;
  readonly mountPoint: string;
  readonly socketPath: string;
}

function record(root: string, { pid, mountPoint, socketPath, ...rest }: Recorded): string {
  const startTime = rest.startTime ?? readProcStat(pid).starttime;
  const directory = join(root, `mount-${pid}-${startTime}`);
  mkdirSync(directory, { mode: 0o700 });
  const state = { version: 1, kind: 'mount', pid, startTime, mountPoint, socketPath, processes: [] };
  writeFileSync(join(directory, 'state.json'), JSON.stringify(state));
  return directory;
}

function sleeper(context: TestContext): number {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  context.after(() => child.kill('SIGKILL'));
  assert.ok(child.pid !== undefined);
  return child.pid;
}

test('the only daemon that runs is meant', async (context) => {
  const { socketPath, daemon } = await serveFake(context);
  const root = freshDirectory(context);
  record(root, { pid: process.pid, mountPoint: '/mnt/one', socketPath });
  record(root, { pid: 1, startTime: 987_654_321, mountPoint: '/mnt/dead', socketPath: '/nonexistent' });
  const result = await runCli(['release'], { environment: { STUCKFS_STATE_DIR: root } });
  assert.equal(result.status, 0, result.stderr);
  assert.deepEqual(daemon.calls, [['release', { order: 'fifo' }]]);
});

test('of several, one must be named; a path through a link names it too', async (context) => {
  const { socketPath, daemon } = await serveFake(context);
  const root = freshDirectory(context);
  const real = freshDirectory(context);
  const link = join(freshDirectory(context), 'link');
  symlinkSync(real, link);
  record(root, { pid: process.pid, mountPoint: '/mnt/one', socketPath: '/nonexistent' });
  record(root, { pid: sleeper(context), mountPoint: real, socketPath });
  const environment = { STUCKFS_STATE_DIR: root };
  assertOneLineError(await runCli(['release'], { environment }), 2, ['--mount', '/mnt/one', real]);
  assertOneLineError(await runCli(['release', '-m', '/usr'], { environment }), 2, [
    '"/usr"',
    '/mnt/one',
    real,
  ]);
  for (const name of [real, `${real}/`, link, join(real, '.')]) {
    const result = await runCli(['release', '-m', name], { environment });
    assert.equal(result.status, 0, result.stderr);
  }
  const relative = await runCli(['unmount', '.'], { environment, cwd: real });
  assert.equal(relative.stdout, 'unmounted .; 2 held requests released, 8KiB\n', relative.stderr);
  assert.deepEqual(daemon.calls.at(-1), ['unmount', { force: false }]);
  const forced = await runCli(['unmount', '--force', '--json', link], { environment });
  assert.deepEqual(JSON.parse(forced.stdout), { released: 2, bytes: 8192, detached: true });
});

test('of a dead or silent daemon the error leads to the rescue', async (context) => {
  const root = freshDirectory(context);
  const mountPoint = freshDirectory(context);
  const dead = record(root, { pid: 1, startTime: 987_654_321, mountPoint, socketPath: '/nonexistent' });
  const environment = { STUCKFS_STATE_DIR: root };
  const remedy = `stuckfs rescue --mount ${mountPoint}`;
  assertOneLineError(await runCli(['unmount', mountPoint], { environment }), 2, ['pid 1', 'dead', remedy]);
  rmSync(dead, { recursive: true });
  assertOneLineError(await runCli(['status', '-m', mountPoint], { environment }), 2, ['no stuckfs mount']);
  record(root, { pid: process.pid, mountPoint, socketPath: join(root, 'nobody-listens') });
  assertOneLineError(await runCli(['unmount', mountPoint], { environment }), 2, ['nobody-listens', remedy]);
});

test('state that cannot be trusted is not used, and that is said', async (context) => {
  const root = freshDirectory(context);
  const directory = record(root, { pid: process.pid, mountPoint: '/mnt/one', socketPath: '/nonexistent' });
  writeFileSync(join(directory, 'state.json'), '{');
  const result = await runCli(['held'], { environment: { STUCKFS_STATE_DIR: root } });
  assertOneLineError(result, 2, ['no stuckfs daemon runs', directory, 'not JSON']);
});

test('a mount point whose directory is gone still names what served it', async (context) => {
  const root = freshDirectory(context);
  const environment = { STUCKFS_STATE_DIR: root };
  const mountPoint = '/nonexistent/stuck';
  assertOneLineError(await runCli(['rescue', '--dry-run', '-m', mountPoint], { environment }), 2, [
    mountPoint,
  ]);
  const directory = record(root, {
    pid: 1,
    startTime: 987_654_321,
    mountPoint,
    socketPath: '/nonexistent/sock',
  });
  const { status, stdout, stderr } = await runCli(['rescue', '--dry-run', '--json', '-m', mountPoint], {
    environment,
  });
  assert.equal(status, 0, stderr);
  const report = JSON.parse(stdout) as { dryRun: boolean; found: { stateDirectories: string[] } };
  assert.equal(report.dryRun, true);
  assert.deepEqual(report.found.stateDirectories, [directory]);
  assert.match(
    (await runCli(['rescue', '--dry-run', '-m', mountPoint], { environment })).stdout,
    /dry run: nothing was changed\n$/,
  );
});
