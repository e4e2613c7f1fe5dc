import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { spawnChild } from '../../../src/safety/children.js';
import { readProcessCondition } from '../../../src/safety/process-condition.js';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { fakeMachine, temporaryDirectory } from './fixtures.js';

const entry = new URL('./child-entry.js', import.meta.url);

async function start(t: TestContext, args: readonly string[]) {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const child = await spawnChild({ role: 'workload', entry, args, directory });
  t.after(() => child.kill());
  return { directory, child };
}

const roles = (directory: StateDirectory) => directory.read().processes.map(({ role }) => role);

test('a child is written down while it runs, is told to be late, and is struck out when it has ended', async (t) => {
  const { directory, child } = await start(t, ['wait']);
  assert.deepEqual(roles(directory), ['runner', 'workload']);
  if (child.process.stdout === null) assert.fail('no stdout');
  await once(child.process.stdout, 'data');
  const late = await child.waitForExit(50);
  assert.equal(late.kind, 'late');
  const condition = late.kind === 'late' ? late.condition : undefined;
  assert.equal(condition?.isRunning, true);
  assert.equal(condition?.isKillPending, false);
  assert.ok((condition?.tasks.length ?? 0) > 1, 'the tasks of Node are many');
  assert.equal(child.isDoomed(), false);
  assert.equal(child.kill(), 0);
  assert.deepEqual(await child.waitForExit(10_000), { kind: 'killed', signal: 'SIGKILL' });
  assert.equal(child.isDoomed(), true);
  assert.deepEqual(roles(directory), ['runner']);
  assert.deepEqual(child.condition(), {
    isRunning: false,
    isInD: false,
    isKillPending: false,
    isExiting: false,
    tasks: [],
  });
  assert.equal(child.kill(), -3);
});

test('the status of a child that ends by itself', async (t) => {
  const { child } = await start(t, ['end', '3']);
  assert.deepEqual(await child.waitForExit(10_000), { kind: 'exited', status: 3 });
});

test('the leash ends when the runner lets go', async (t) => {
  const { child } = await start(t, ['wait']);
  child.dropLeash();
  assert.deepEqual(await child.waitForExit(10_000), { kind: 'exited', status: 7 });
});

test('the end of a child is heard though its state directory is gone', async (t) => {
  const { directory, child } = await start(t, ['wait']);
  directory.remove();
  child.kill();
  assert.equal((await child.waitForExit(10_000)).kind, 'killed');
});

test('a task that was killed and cannot die is seen as such, though another task of it is the one', (t) => {
  const machine = fakeMachine(t);
  const stat = (tid: number, state: string, flags: number) =>
    `${tid} (w) ${state} 1 7 7 0 -1 ${flags} ${'0 '.repeat(8)}20 0 2 0 500 0 0\n`;
  const status = (tid: number, state: string, pending: string) =>
    `Name:\tw\nState:\t${state} (x)\nTgid:\t7\nPid:\t${tid}\nPPid:\t1\nUid:\t0\t0\t0\t0\n` +
    `SigPnd:\t${pending}\nShdPnd:\t0000000000000000\nCapEff:\t0000000000000000\n`;
  machine.write('/proc/7/stat', stat(7, 'Z', 0x4));
  machine.write('/proc/7/task/7/stat', stat(7, 'Z', 0x4));
  machine.write('/proc/7/task/7/status', status(7, 'Z', '0000000000000000'));
  machine.write('/proc/7/task/8/stat', stat(8, 'D', 0));
  machine.write('/proc/7/task/8/status', status(8, 'D', '0000000000000100'));
  machine.write('/proc/7/task/8/stack', '[<0>] folio_wait_bit_common+0x11/0x22\n');
  const condition = readProcessCondition({ pid: 7, startTime: 500 }, machine.root);
  assert.deepEqual(
    condition.tasks.find(({ tid }) => tid === 8),
    {
      tid: 8,
      comm: 'w',
      state: 'D',
      isKillPending: true,
      isExiting: false,
      stack: [{ symbol: 'folio_wait_bit_common', offset: 0x11, size: 0x22 }],
    },
  );
  assert.equal(condition.isInD, true);
  assert.equal(condition.isKillPending, true);
  assert.equal(condition.isExiting, true);
  assert.equal(readProcessCondition({ pid: 7, startTime: 501 }, machine.root).isRunning, false);
});
