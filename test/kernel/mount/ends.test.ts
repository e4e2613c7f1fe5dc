/** Every way in which a mount ends, held requests or not: nobody is left waiting, and nothing is left behind. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { describe, test } from 'node:test';
import type { Status } from '../../../src/control/contract/status.js';
import { eventually } from '../../support/eventually.js';
import type { FileActor } from '../../support/file-actor.js';
import { type MountPlace, mounted } from '../../support/mounted.js';
import { runProgram } from '../../support/program.js';
import { command, devFuse, requires, root } from '../../support/requirement.js';

const { O_CREAT, O_RDWR } = constants;

/** A child in fsync whose WRITE is held; its promise answers what fsync does. */
async function stuckFsync(place: MountPlace, actor: FileActor, path: string): Promise<Promise<number>[]> {
  const fd = await actor.ok('open', path, O_CREAT | O_RDWR);
  await actor.ok('write', fd, Buffer.from('dirty'), 0);
  const held = await place.cli('hold', 'write');
  assert.equal(held.status, 0, held.stderr);
  const fsync = actor.do('fsync', fd);
  const waited = await place.cli('held', '--wait-for', '1');
  assert.equal(waited.status, 0, waited.stderr);
  // In an array, so that await does not wait for it.
  return [fsync];
}

async function statusOf(place: MountPlace): Promise<Status> {
  const result = await place.cli('status', '--json');
  assert.equal(result.status, 0, result.stderr);
  return JSON.parse(result.stdout) as Status;
}

describe('the end of a mount', requires(root, devFuse), () => {
  test('unmount releases what is held, and the daemon has ended when it returns', async (context) => {
    const { place, actor, at } = await mounted(context);
    const [fsync] = await stuckFsync(place, actor, at('file'));
    const busy = await place.cli('unmount', place.mountPoint);
    assert.equal(busy.status, 1, 'a file is open');
    assert.match(busy.stderr, /busy.*--force/);
    assert.equal(await fsync, 0, 'released all the same');
    await actor.end();
    const result = await place.cli('unmount', place.mountPoint);
    assert.equal(result.status, 0, result.stderr);
    assert.deepEqual(place.leftovers(), []);
    await place.mount();
  });

  test('unmount --force ends a mount in use', async (context) => {
    const { place, actor, at } = await mounted(context);
    const [fsync] = await stuckFsync(place, actor, at('file'));
    const result = await place.cli('unmount', '--force', place.mountPoint);
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stdout, /1 held request released.*detached/);
    assert.equal(await fsync, 0);
    assert.ok((await actor.do('open', at('file'), O_RDWR)) < 0);
    await place.gone();
  });

  for (const [name, words] of [
    ['umount', []],
    ['fusermount3', ['-u']],
  ] as const) {
    test(`${name} from outside ends the daemon`, requires(command(name, 'fuse3')), async (context) => {
      const { place, actor, at } = await mounted(context);
      await actor.ok('writeFile', at('file'), Buffer.from('x'));
      await actor.end();
      const result = await runProgram(name, [...words, place.mountPoint]);
      assert.equal(result.status, 0, result.stderr);
      await place.gone();
    });
  }

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    test(`${signal} to the daemon releases, unmounts and ends it`, async (context) => {
      const { place, ready, actor, at } = await mounted(context);
      const [fsync] = await stuckFsync(place, actor, at('file'));
      process.kill(ready.pid, signal);
      assert.equal(await fsync, 0);
      await place.gone();
    });
  }

  test('SIGKILL of the daemon: the watchdog lets everybody go and unmounts', async (context) => {
    const { place, ready, actor, at } = await mounted(context);
    const [fsync] = await stuckFsync(place, actor, at('file'));
    process.kill(ready.pid, 'SIGKILL');
    assert.ok(((await fsync) ?? 0) < 0, 'the data is lost, and fsync says so');
    await place.gone();
  });

  test('SIGKILL of the watchdog: the daemon releases, and has another', async (context) => {
    const { place, ready, actor, at } = await mounted(context);
    const [fsync] = await stuckFsync(place, actor, at('file'));
    process.kill(ready.watchdogPid, 'SIGKILL');
    assert.equal(await fsync, 0);
    const next = await eventually('another watchdog', 5000, async () => {
      const { watchdogPid } = await statusOf(place);
      return watchdogPid !== null && watchdogPid !== ready.watchdogPid && watchdogPid;
    });
    place.watch(next);
    assert.equal((await statusOf(place)).faults, 0);
    assert.equal((await place.cli('hold', 'getattr')).status, 0, 'faults may be armed again');
    // The new one does its work too.
    process.kill(ready.pid, 'SIGKILL');
    await place.gone();
  });

  test('SIGSTOP of the daemon: the watchdog aborts, and cleans up when it is killed', async (context) => {
    const { place, ready, actor, at } = await mounted(context, '--max-hold', '1s');
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    process.kill(ready.pid, 'SIGSTOP');
    const answer = await actor.do('getxattr', at('file'), 'user.none');
    assert.ok(typeof answer === 'number' && answer < 0 && fd >= 0);
    process.kill(ready.pid, 'SIGKILL');
    await place.gone();
  });

  test('what is held longer than --max-hold is aborted', async (context) => {
    const { place, actor, at } = await mounted(context, '--max-hold', '2s');
    const startMs = performance.now();
    const [fsync] = await stuckFsync(place, actor, at('file'));
    assert.ok(((await fsync) ?? 0) < 0, 'fsync fails');
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs >= 2000 && tookMs < 6000, `${tookMs} ms`);
    await place.gone();
  });

  test('a delay longer than --max-hold is refused', async (context) => {
    const { place } = await mounted(context, '--max-hold', '2s');
    const result = await place.cli('fault', 'add', 'delay', 'write', '--distribution', 'fixed:3s');
    assert.notEqual(result.status, 0);
    assert.match(result.stderr, /^stuckfs: [^\n]*max-hold[^\n]*\n$/);
    assert.equal((await statusOf(place)).faults, 0);
  });

  test('in front, Ctrl-C ends it with status 0', async (context) => {
    const { place } = await mounted(context);
    assert.equal((await place.cli('unmount', place.mountPoint)).status, 0);
    const front = place.start('mount', '-f', place.mountPoint);
    await eventually('the mount', 10_000, () => place.leftovers().some((line) => line.startsWith('mounted')));
    await eventually('its socket', 10_000, async () => (await place.cli('status')).status === 0);
    front.process.kill('SIGINT');
    const { status, signal, stderr } = await front.result;
    assert.deepEqual([status, signal], [0, null], stderr);
    await place.gone();
  });
});
