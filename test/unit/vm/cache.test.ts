/** An entry of the cache is whole or not there, whoever dies in the middle, and two never make the same one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../../../src/base/errors.js';
import { cacheDirectory, cacheEntry, makeDirectory, needSpace } from '../../../src/vm/cache.js';
import { NoSpaceError } from '../../../src/vm/vm-failure.js';
import { eventually } from '../../support/eventually.js';

const root = mkdtempSync(join(tmpdir(), 'stuckfs-cache-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
const fresh = () => makeDirectory(join(root, String(++count)));
const quiet = { progress: () => undefined };
const whole = async (directory: string) => writeFileSync(join(directory, 'file'), 'whole');

test('where the cache is', () => {
  const home = { HOME: '/home/me' };
  assert.equal(cacheDirectory(home), '/home/me/.cache/stuckfs');
  assert.equal(cacheDirectory({ ...home, XDG_CACHE_HOME: '/var/c' }), '/var/c/stuckfs');
  assert.equal(cacheDirectory({ ...home, XDG_CACHE_HOME: 'relative' }), '/home/me/.cache/stuckfs');
  assert.equal(cacheDirectory({ ...home, XDG_CACHE_HOME: '/var/c', STUCKFS_CACHE: '/mine' }), '/mine');
});

test('an entry is made once and for its owner alone', async () => {
  const cache = fresh();
  const entry = await cacheEntry(cache, 'thing', quiet, whole);
  assert.deepEqual(readdirSync(entry), ['file']);
  assert.equal(statSync(entry).mode & 0o777, 0o700);
  const again = await cacheEntry(cache, 'thing', quiet, () => assert.fail('made twice'));
  assert.equal(again, entry);
});

test('nothing stays of one that fails half-way', async () => {
  const cache = fresh();
  const broken = cacheEntry(cache, 'thing', quiet, async (directory) => {
    await whole(directory);
    throw new Error('the mirror is gone');
  });
  await assert.rejects(broken, /the mirror is gone/);
  assert.deepEqual(readdirSync(cache), ['thing.lock']);
  assert.ok(existsSync(await cacheEntry(cache, 'thing', quiet, whole)));
});

test('a full disk is told with its path', async () => {
  const cache = fresh();
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const broken = cacheEntry(cache, 'thing', quiet, async () => {
    throw full;
  });
  await assert.rejects(broken, (error: unknown) => error instanceof NoSpaceError && error.path === cache);
  assert.throws(() => needSpace(cache, 2 ** 60), /MiB are needed, \d+ MiB are free; make room/);
  needSpace(cache, 1);
});

test('one that was begun by a killed process is made anew', async () => {
  const cache = fresh();
  const main = fileURLToPath(new URL('half-entry-main.js', import.meta.url));
  const child = spawn(process.execPath, [main, cache], { stdio: ['ignore', 'pipe', 'inherit'] });
  after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.deepEqual(readdirSync(cache).sort(), ['thing.lock', 'thing.new']);

  // Another waits for it, and says so, and makes it when the first has died.
  const said: string[] = [];
  const progress = (line: string) => said.push(line);
  const second = cacheEntry(cache, 'thing', { progress }, whole);
  await eventually('it waits', 30_000, () => /another stuckfs works on .*thing; waiting/.test(said.join()));
  child.kill('SIGKILL');
  assert.deepEqual(readdirSync(await second), ['file']);
  assert.deepEqual(readdirSync(cache).sort(), ['thing', 'thing.lock']);
});

test('of two at once one makes it and the other takes it', async () => {
  const cache = fresh();
  let made = 0;
  const make = async (directory: string) => {
    made += 1;
    await whole(directory);
  };
  const entries = await Promise.all([1, 2, 3].map(() => cacheEntry(cache, 'thing', quiet, make)));
  assert.equal(new Set(entries).size, 1);
  assert.equal(made, 1);
});

test('waiting for another ends with the signal', async () => {
  const cache = fresh();
  const stop = new AbortController();
  let release = () => {};
  const held = cacheEntry(cache, 'thing', quiet, () => new Promise<void>((resolve) => (release = resolve)));
  const progress = () => stop.abort(new Error('Ctrl-C'));
  await assert.rejects(cacheEntry(cache, 'thing', { progress, signal: stop.signal }, whole));
  release();
  await held;
});

test('a cache that cannot be made is told with the remedy', () => {
  writeFileSync(join(root, 'file'), '');
  assert.throws(
    () => makeDirectory(join(root, 'file', 'cache')),
    (error: unknown) => error instanceof UsageError && /EEXIST.*set STUCKFS_CACHE/.test(error.message),
  );
});
