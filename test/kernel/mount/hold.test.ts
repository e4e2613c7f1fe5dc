/** Requests withheld on a real mount: held, listed, released in the asked order, delayed, interrupted. */
import assert from 'node:assert/strict';
import { constants, existsSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Errno } from '../../../src/base/errno.js';
import type { HeldAnswer, ReleaseAnswer } from '../../../src/control/contract/held.js';
import type { Status } from '../../../src/control/contract/status.js';
import { eventually } from '../../support/eventually.js';
import type { FileActor } from '../../support/file-actor.js';
import { type MountPlace, mounted } from '../../support/mounted.js';
import { devFuse, requires, root } from '../../support/requirement.js';

const { O_CREAT, O_DIRECT, O_RDONLY, O_RDWR } = constants;

/** A command that is to succeed, and its document. */
async function json<T>(place: MountPlace, ...words: readonly string[]): Promise<T> {
  const result = await place.cli(...words, '--json');
  assert.equal(result.status, 0, `${words.join(' ')}: ${result.stderr}`);
  return JSON.parse(result.stdout) as T;
}
const held = (place: MountPlace, ...words: readonly string[]) => json<HeldAnswer>(place, 'held', ...words);
const release = (place: MountPlace, ...words: readonly string[]) =>
  json<ReleaseAnswer>(place, 'release', ...words);

async function armed(place: MountPlace, ...words: readonly string[]): Promise<void> {
  const result = await place.cli(...words);
  assert.equal(result.status, 0, result.stderr);
}

/** What has settled of the promises, in the order in which it happened. */
function order<K>(promises: ReadonlyMap<K, Promise<unknown>>): K[] {
  const settled: K[] = [];
  for (const [key, promise] of promises) promise.then(() => settled.push(key)).catch(() => undefined);
  return settled;
}

/** Writes a file of as many bytes and leaves the data dirty. */
async function dirty(actor: FileActor, path: string, bytes: number): Promise<number> {
  const fd = await actor.ok('open', path, O_CREAT | O_RDWR);
  assert.equal(await actor.ok('write', fd, Buffer.alloc(bytes, 0x61), 0), bytes);
  return fd;
}

describe('requests withheld on a mount', requires(root, devFuse), () => {
  test('held WRITEs keep fsync waiting; release ends it with all data in place', async (context) => {
    const { place, actor, at } = await mounted(context);
    const fd = await dirty(actor, at('file'), 5 << 20);
    await armed(place, 'hold', 'write');
    const fsync = actor.do('fsync', fd);
    const answer = await held(place, '--opcode', 'write', '--wait-for', '5', '--timeout', '10s');
    assert.equal(answer.total.bytes, 5 << 20);
    assert.deepEqual(Object.keys(answer.byOpcode), ['FUSE_WRITE']);
    const offsets = answer.held.map(({ offset }) => offset ?? -1).toSorted((a, b) => a - b);
    assert.deepEqual(
      offsets,
      Array.from(answer.held, (_, nr) => nr * (1 << 20)),
    );
    for (const { path, pid, reason } of answer.held) {
      assert.deepEqual([path, pid], ['/file', 0], "writeback is no process's");
      assert.match(reason, /hold/);
    }
    const human = await place.cli('held');
    assert.match(human.stdout, /WRITE +\d+ +\/file +0 +1048576/);
    assert.match(human.stdout, /5 requests held, 5MiB: WRITE 5/);
    const early = await Promise.race([fsync, sleep(500, 'waits')]);
    assert.equal(early, 'waits');

    assert.deepEqual(await release(place), { released: 5, bytes: 5 << 20, remaining: 0 });
    await armed(place, 'fault', 'clear');
    // What fsync asks for after the data was not held.
    assert.equal(await fsync, 0);
    const read = Buffer.from(await actor.ok('read', fd, 5 << 20, 0));
    assert.ok(read.equals(Buffer.alloc(5 << 20, 0x61)));
    assert.equal((await held(place)).total.requests, 0);
  });

  test('--wait-for that waits in vain exits with 3', async (context) => {
    const { place } = await mounted(context);
    const result = await place.cli('held', '--wait-for', '1', '--timeout', '300ms');
    assert.equal(result.status, 3, result.stderr);
  });

  test('release goes by count from either end, by path, opcode and unique', async (context) => {
    const { place, actor, at } = await mounted(context);
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of [...names, 'opened']) await actor.ok('writeFile', at(name), Buffer.from(name));
    await armed(place, 'hold', 'getxattr,open');
    const answers = new Map<string, Promise<unknown>>();
    for (const name of names) {
      answers.set(name, place.actor().do('getxattr', at(name), 'user.none'));
      await held(place, '--path', `/${name}`, '--wait-for', '1');
    }
    answers.set('opened', place.actor().do('open', at('opened'), O_RDONLY));
    await held(place, '--opcode', 'open', '--wait-for', '1');
    const settled = order(answers);
    const one = { released: 1, bytes: 0 };
    assert.deepEqual(await release(place, '--opcode', 'open'), { ...one, remaining: 5 });
    await answers.get('opened');
    assert.deepEqual(await release(place, '--count', '1'), { ...one, remaining: 4 });
    await answers.get('a');
    assert.deepEqual(await release(place, '--path', '/d'), { ...one, remaining: 3 });
    await answers.get('d');
    assert.deepEqual(await release(place, '--count', '1', '--reversed'), { ...one, remaining: 2 });
    await answers.get('e');
    const left = await held(place);
    assert.deepEqual(
      left.held.map(({ path }) => path),
      ['/b', '/c'],
    );
    assert.deepEqual(await release(place, '--unique', left.held[1]?.unique ?? ''), { ...one, remaining: 1 });
    await answers.get('c');
    assert.deepEqual(settled, ['opened', 'a', 'd', 'e', 'c']);
    await release(place);
    assert.equal(await answers.get('b'), -Errno.ENODATA);
  });

  const cases: readonly {
    readonly opcode: string;
    readonly path: string;
    readonly act: (actor: FileActor, at: (name: string) => string) => Promise<unknown>;
    readonly answer?: unknown;
  }[] = [
    {
      opcode: 'lookup',
      path: '/d/none',
      act: (actor, at) => actor.do('stat', at('d/none')),
      answer: -Errno.ENOENT,
    },
    {
      opcode: 'getattr',
      path: '/d/file',
      act: (actor, at) => actor.ok('stat', at('d/file')).then(({ size }) => size),
      answer: 7n,
    },
    { opcode: 'open', path: '/d/file', act: (actor, at) => actor.do('open', at('d/file'), O_RDONLY) },
    {
      opcode: 'read',
      path: '/d/file',
      act: (actor, at) => actor.do('readFile', at('d/file')).then(String),
      answer: 'content',
    },
    { opcode: 'opendir', path: '/d', act: (actor, at) => actor.do('list', at('d')), answer: ['file'] },
  ];
  for (const { opcode, path, act, answer } of cases) {
    test(`a held ${opcode.toUpperCase()} keeps its process waiting until it is released`, async (context) => {
      const { place, actor, at } = await mounted(context, '--attr-timeout', '0ms', '--entry-timeout', '1h');
      await actor.ok('mkdir', at('d'));
      // Past the page cache, so that a read asks the server.
      const fd = await actor.ok('open', at('d/file'), O_CREAT | O_RDWR | O_DIRECT);
      await actor.ok('write', fd, Buffer.from('content'), 0);
      await actor.ok('close', fd);
      await armed(place, 'hold', opcode, '--path', path);
      const waiting = act(place.actor(), at);
      const { held: rows } = await held(place, '--wait-for', '1');
      assert.deepEqual([rows[0]?.opcode, rows[0]?.path], [`FUSE_${opcode.toUpperCase()}`, path]);
      assert.equal(await Promise.race([waiting, sleep(300, 'waits')]), 'waits');
      await armed(place, 'fault', 'clear');
      assert.equal((await held(place)).total.requests, 1, 'clearing faults releases nothing');
      assert.equal((await release(place)).released, 1);
      const got = await waiting;
      if (answer === undefined) assert.ok(Number(got) >= 0, `errno ${got}`);
      else assert.deepEqual(got, answer);
    });
  }

  test('a signal to the process leaves its request held; the process waits on', async (context) => {
    const { place, actor, at } = await mounted(context);
    await actor.ok('writeFile', at('file'), Buffer.from('x'));
    await actor.ok('interruptible');
    await armed(place, 'hold', 'getxattr');
    const waiting = actor.do('getxattr', at('file'), 'user.none');
    await held(place, '--wait-for', '1');
    actor.kill('SIGUSR2');
    await eventually('INTERRUPT at the daemon', 5000, async () => {
      const { requests } = await json<Status>(place, 'status');
      return (requests.byOpcode['FUSE_INTERRUPT'] ?? 0) > 0;
    });
    assert.equal((await held(place)).total.requests, 1);
    assert.equal(await Promise.race([waiting, sleep(300, 'waits')]), 'waits');
    assert.equal((await release(place)).released, 1);
    assert.equal(await waiting, -Errno.ENODATA, 'as without the signal');
  });

  test('a delay is as long as its distribution says', async (context) => {
    const { place, actor, at } = await mounted(context, '--attr-timeout', '0ms');
    await actor.ok('writeFile', at('file'), Buffer.from('x'));
    // A look-up on the way asks for the directory's attributes too.
    const onFile = ['--path', '/file'];
    const timed = async (): Promise<number> => {
      const startMs = performance.now();
      await actor.ok('stat', at('file'));
      return performance.now() - startMs;
    };
    const free = await timed();
    assert.ok(free < 150, `${free} ms without a fault`);
    await armed(place, 'fault', 'add', 'delay', 'getattr', ...onFile, '--distribution', 'fixed:400ms');
    const fixed = await timed();
    assert.ok(fixed >= 395 && fixed < 700, `${fixed} ms with fixed:400ms`);
    await armed(place, 'fault', 'clear');
    await armed(place, 'fault', 'add', 'delay', 'getattr', ...onFile, '--distribution', 'uniform:50ms-150ms');
    const times: number[] = [];
    for (let nr = 0; nr < 12; nr++) times.push(await timed());
    assert.ok(Math.min(...times) >= 48, `${Math.min(...times)} ms`);
    assert.ok(Math.max(...times) < 400, `${Math.max(...times)} ms`);
    assert.ok(Math.max(...times) - Math.min(...times) > 10, 'not all the same');
    await armed(place, 'fault', 'clear');
    assert.ok((await timed()) < 150);
  });

  test('20,000 held WRITEs are listed, and released in one go', async (context) => {
    const { place, ready, actor, at } = await mounted(context, '--max-pages', '1', '--size', '256M');
    const count = 20_000;
    // Else the writer is throttled, and writes back, long before so much is dirty; the bdi ends with the mount.
    const bdi = `/sys/class/bdi/${ready.device}`;
    if (existsSync(`${bdi}/strict_limit`)) writeFileSync(`${bdi}/strict_limit`, '0');
    writeFileSync(`${bdi}/max_ratio`, '100');
    const fd = await dirty(actor, at('file'), count * 4096);
    await armed(place, 'hold', 'write');
    const fsync = actor.do('fsync', fd);
    const answer = await held(place, '--wait-for', `${count}`, '--timeout', '15s', '--limit', '100000');
    assert.equal(answer.total.requests, count);
    assert.equal(new Set(answer.held.map(({ unique }) => unique)).size, count);
    assert.equal(new Set(answer.held.map(({ offset }) => offset)).size, count);
    const { released, bytes } = await release(place);
    assert.deepEqual([released, bytes], [count, count * 4096]);
    await armed(place, 'fault', 'clear');
    assert.equal(await fsync, 0);
  });
});
