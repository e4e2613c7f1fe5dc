import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { Child, ChildCommandError } from '../../../src/scenario/child.js';
import { temporaryDirectory } from '../safety/fixtures.js';

const FAR_MS = 30_000;
const entry = new URL('./child-entry.js', import.meta.url).href;

async function spawn(t: TestContext): Promise<Child> {
  const directory = StateDirectory.create('run', 'runner', {}, temporaryDirectory(t));
  const child = await Child.spawn('workload', entry, directory);
  t.after(() => child.end(1000));
  return child;
}

const refused = (message: RegExp) => (error: unknown) =>
  error instanceof ChildCommandError && message.test(error.message);

test('a child answers each command, and its errors are told as its own', async (t) => {
  const child = await spawn(t);
  const sums = [1, 2, 3].map((a) => child.ask('add', { a, b: 10 }, FAR_MS));
  assert.deepEqual(await Promise.all(sums), [11, 12, 13]);
  await assert.rejects(child.ask('fail', null, FAR_MS), refused(/workload: it said no/));
  await assert.rejects(child.ask('juggle', null, FAR_MS), refused(/no such command: juggle/));
  assert.equal(await child.ask('add', { a: 1, b: 1 }, FAR_MS), 2, 'and it goes on');
  assert.equal(child.role, 'workload');
  assert.equal(child.isDoomed(), false);
});

test('a child that is about to hang says that it begins, at once', async (t) => {
  const child = await spawn(t);
  const begun = new Promise<void>((resolve) => {
    void child.start('spin', null, resolve).catch(() => {});
  });
  await begun;
  assert.equal(child.isBusy, true, 'that is no answer');
});

test('a command that is not answered in time does not hold the runner up', async (t) => {
  const child = await spawn(t);
  await assert.rejects(child.ask('silence', null, 50), refused(/no answer to silence within 50 ms/));
  assert.equal(await child.ask('add', { a: 1, b: 1 }, FAR_MS), 2, "its late answer would be nobody else's");
});

test('the end of a child fails what waits for it, with its status and its last words', async (t) => {
  const child = await spawn(t);
  const waiting = child.start('silence', null);
  await assert.rejects(
    child.ask('exit', 3, FAR_MS),
    refused(/workload process ended \(exit status 3\).*stderr/),
  );
  await assert.rejects(waiting, refused(/exit status 3/));
  await assert.rejects(child.ask('add', { a: 1, b: 1 }, FAR_MS), refused(/has ended/));
  assert.equal(child.isDoomed(), true);
  assert.equal(child.sample(), undefined);
});

test('a thread that ends by itself does not doom its process', async (t) => {
  const child = await spawn(t);
  await child.ask('add', { a: 1, b: 1 }, FAR_MS);
  let isDone = false;
  const threads = child.ask('threads', 20, FAR_MS).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    assert.equal(child.isDoomed(), false);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await threads;
});

test('a child ends with its input', async (t) => {
  const child = await spawn(t);
  await child.ask('add', { a: 1, b: 1 }, FAR_MS);
  assert.deepEqual(await child.end(FAR_MS), { kind: 'exited', status: 0 });
});

test('a child that does not end by itself is killed at the deadline', async (t) => {
  const child = await spawn(t);
  await child.ask('add', { a: 1, b: 1 }, FAR_MS);
  child.start('spin', null).catch(() => {});
  assert.deepEqual(await child.end(200), { kind: 'killed', signal: 'SIGKILL' });
});

test('a sample says what the task does now', async (t) => {
  const child = await spawn(t);
  const sample = child.sample();
  assert.equal(sample?.pid, child.pid);
  assert.match(sample?.state ?? '', /^[RSD]$/);
  assert.ok(Array.isArray(sample?.stack));
});
