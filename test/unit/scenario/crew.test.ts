import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { StateDirectory } from '../../../src/safety/state-directory.js';
import { Crew } from '../../../src/scenario/crew.js';
import { temporaryDirectory } from '../safety/fixtures.js';

const FAR_MS = 30_000;
const entry = new URL('./child-entry.js', import.meta.url).href;

function crewOf(t: TestContext): Crew {
  const crew = new Crew(StateDirectory.create('run', 'runner', {}, temporaryDirectory(t)));
  t.after(() => crew.end(1000));
  return crew;
}

test('a child that was given back serves again, and nobody else meanwhile', async (t) => {
  const crew = crewOf(t);
  const first = await crew.take('workload', entry);
  await first.ask('add', { a: 1, b: 1 }, FAR_MS);
  assert.equal(crew.giveBack(entry, first), true);
  const again = await crew.take('workload', entry);
  assert.equal(again.pid, first.pid);
  assert.equal(await again.ask('add', { a: 1, b: 2 }, FAR_MS), 3);
  const other = await crew.take('workload', entry);
  assert.notEqual(other.pid, first.pid);
  assert.equal(crew.giveBack(entry, other), true);
  assert.equal(crew.giveBack(entry, again), false, 'one is enough');
  await again.end(FAR_MS);
  await crew.end(FAR_MS);
  assert.equal(other.isDoomed(), true);
});

test('one that has not answered, or has ended, is not taken back', async (t) => {
  const crew = crewOf(t);
  const busy = await crew.take('workload', entry);
  busy.start('silence', null).catch(() => {});
  assert.equal(crew.giveBack(entry, busy), false);
  await busy.end(FAR_MS);
  assert.equal(crew.giveBack(entry, busy), false);
});

test('one that was killed while it was idle is replaced', async (t) => {
  const crew = crewOf(t);
  const killed = await crew.take('workload', entry);
  await killed.ask('add', { a: 1, b: 1 }, FAR_MS);
  crew.giveBack(entry, killed);
  process.kill(killed.pid, 'SIGKILL');
  const next = await crew.take('workload', entry);
  assert.notEqual(next.pid, killed.pid);
  assert.equal(await next.ask('add', { a: 2, b: 2 }, FAR_MS), 4);
  await next.end(FAR_MS);
});
