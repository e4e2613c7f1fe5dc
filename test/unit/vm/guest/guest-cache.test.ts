import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { tryFlock } from '../../../../src/syscall/flock.js';
import { GuestCache } from '../../../../src/vm/guest/guest-cache.js';
import { GuestError } from '../../../../src/vm/guest/guest-error.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-guest-cache-'));
after(() => rmSync(scratch, { recursive: true }));

let made = 0;
const fresh = () => join(scratch, `${++made}`, 'guest');
const wanted = (hash: string, text = hash) => ({
  hash,
  bytes: 1,
  make: (path: string) => writeFileSync(path, text),
});
const nobody = () => {};
const isFull = (error: unknown) =>
  error instanceof GuestError && error.code === 'GUEST_CACHE' && /no space left.*\d MiB/.test(error.message);

test('it is made once, whoever asks, and the directory is for its owner only', async () => {
  const directory = fresh();
  let count = 0;
  const ask = () => new GuestCache(directory, 'image', 3).get(wanted('a'), () => count++);
  const paths = await Promise.all([ask(), ask(), ask()]);
  assert.equal(new Set(paths).size, 1);
  assert.equal(count, 1);
  assert.equal(readFileSync(paths[0] ?? '', 'utf8'), 'a');
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.notEqual(await new GuestCache(directory, 'image', 3).get(wanted('b'), nobody), paths[0]);
});

test('what breaks leaves nothing that would be taken for whole, and what others left is removed', async () => {
  const directory = fresh();
  const cache = new GuestCache(directory, 'image', 3);
  await cache.get(wanted('other'), nobody);
  writeFileSync(join(directory, '.image.new.owners'), 'of one that was killed');
  const breaking = {
    ...wanted('a'),
    make: (path: string) => {
      writeFileSync(path, 'half');
      writeFileSync(`${path}.more`, 'half');
      throw new Error('broken off');
    },
  };
  await assert.rejects(cache.get(breaking, nobody), /broken off/);
  assert.deepEqual(readdirSync(directory).sort(), ['image-other', 'image.lock']);
  assert.equal(readFileSync(await cache.get(wanted('a'), nobody), 'utf8'), 'a');
});

test('a full disk is told, before and while it is written', async () => {
  const cache = new GuestCache(fresh(), 'image', 3);
  let wasCalled = false;
  const call = () => {
    wasCalled = true;
  };
  const huge = { ...wanted('a'), bytes: 2 ** 60, make: call };
  await assert.rejects(cache.get(huge, nobody), isFull);
  assert.equal(wasCalled, false);
  const filling = {
    ...wanted('a'),
    make: () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    },
  };
  await assert.rejects(cache.get(filling, nobody), isFull);
});

test('a directory that cannot be made is told by name, also where mkdir(2) says ENOENT below one that is there', async () => {
  const file = join(scratch, 'file');
  writeFileSync(file, '');
  for (const place of [file, '/proc/sys/x'])
    await assert.rejects(new GuestCache(join(place, 'guest'), 'image', 3).get(wanted('a'), nobody), {
      code: 'USAGE',
      field: 'cache directory',
      value: join(place, 'guest'),
    });
});

test('it waits for another process that makes it', async () => {
  const directory = fresh();
  const cache = new GuestCache(directory, 'image', 3);
  await cache.get(wanted('first'), nobody);
  const lock = openSync(join(directory, 'image.lock'), 'a');
  assert.equal(tryFlock(lock), 0);
  let told = false;
  const asked = cache.get(wanted('a'), () => {
    told = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal(told, false);
  // The other has made it: nothing is left to do.
  writeFileSync(join(directory, 'image-a'), 'by another');
  closeSync(lock);
  assert.equal(readFileSync(await asked, 'utf8'), 'by another');
  assert.equal(told, false);
});

test('old ones go, the latest stay, and so does one that was used within the hour', async () => {
  const directory = fresh();
  const cache = new GuestCache(directory, 'image', 2);
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3600_000);
  for (const [hash, hours] of [
    ['oldest', 9],
    ['old', 8],
    ['used', 7],
    ['recent', 0.5],
  ] as const) {
    const path = await cache.get(wanted(hash), nobody);
    utimesSync(path, hoursAgo(hours), hoursAgo(hours));
  }
  await cache.get(wanted('used'), nobody);
  await cache.get(wanted('new'), nobody);
  const names = readdirSync(directory).filter((name) => name.startsWith('image-'));
  assert.deepEqual(names.sort(), ['image-new', 'image-recent', 'image-used']);
  assert.ok(!existsSync(join(directory, '.image.new')));
});
