/** A mount over libfuse: the same files, the same faults, every way in which it ends; and what libfuse cannot do. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { constants, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import type { HeldAnswer, ReleaseAnswer } from '../../../src/control/contract/held.js';
import type { Status } from '../../../src/control/contract/status.js';
import { readMountinfo } from '../../../src/kernel/mountinfo.js';
import { eventually } from '../../support/eventually.js';
import type { FileActor } from '../../support/file-actor.js';
import { MountPlace, mounted } from '../../support/mounted.js';
import { devFuse, libfuse, requires, root } from '../../support/requirement.js';

const { O_CREAT, O_DIRECT, O_RDONLY, O_RDWR } = constants;
/** Of open(2), as fdinfo shows it. */
const O_CLOEXEC = 0o2000000;
const KiB = 1024;
/** max_write of libfuse 2.9 with big_writes. */
const requestBytes = 128 * KiB;

const onLibfuse = (context: TestContext, ...options: readonly string[]) =>
  mounted(context, '--transport', 'libfuse', ...options);

async function json<T>(place: MountPlace, ...words: readonly string[]): Promise<T> {
  const result = await place.cli(...words, '--json');
  assert.equal(result.status, 0, `${words.join(' ')}: ${result.stderr}`);
  return JSON.parse(result.stdout) as T;
}

async function done(place: MountPlace, ...words: readonly string[]): Promise<void> {
  const result = await place.cli(...words);
  assert.equal(result.status, 0, result.stderr);
}

/** A file that is dirty through a shared mapping, and its writeback under way: every WRITE of it is held. */
async function heldWriteback(
  place: MountPlace,
  actor: FileActor,
  path: string,
  content: Buffer,
): Promise<{ readonly fd: number; readonly msync: readonly Promise<number>[]; readonly held: HeldAnswer }> {
  const fd = await actor.ok('open', path, O_CREAT | O_RDWR);
  await actor.ok('ftruncate', fd, content.length);
  const mapping = await actor.ok('map', fd, content.length);
  await actor.ok('storeMapped', mapping, 0, content);
  await done(place, 'hold', 'write');
  // In an array, so that await does not wait for it.
  const msync = [actor.do('msync', mapping)];
  const nrRequests = Math.ceil(content.length / requestBytes);
  const held = await json<HeldAnswer>(place, 'held', '--opcode', 'write', '--wait-for', String(nrRequests));
  return { fd, msync, held };
}

/** Past the page cache: what the server has. */
async function served(actor: FileActor, path: string, bytes: number): Promise<Buffer> {
  const fd = await actor.ok('open', path, O_RDONLY | O_DIRECT);
  const content = Buffer.from(await actor.ok('read', fd, bytes, 0));
  await actor.ok('close', fd);
  return content;
}

function nrThreads(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

describe('a mount over libfuse', requires(root, devFuse, libfuse), () => {
  test('files, directories, links, attributes and a full listing', async (context) => {
    const { place, ready, actor, at } = await onLibfuse(context);
    const entry = readMountinfo().find(({ mountPoint }) => mountPoint === place.mountPoint);
    assert.deepEqual([entry?.fsType, `${entry?.major}:${entry?.minor}`], ['fuse.stuckfs', ready.device]);
    const { transport, protocol, capabilities } = await json<Status>(place, 'status');
    const cannot = { writebackCache: false, spliceRead: false, spliceWrite: false, move: false };
    assert.deepEqual(capabilities, { ...cannot, maxHeld: 4096 });
    assert.deepEqual([transport, protocol.minor, protocol.maxWriteBytes], ['libfuse', 19, requestBytes]);
    assert.ok(!protocol.flags.includes('FUSE_WRITEBACK_CACHE'));

    const content = randomBytes(700 * KiB + 11);
    await actor.ok('mkdir', at('d'));
    await actor.ok('writeFile', at('d/file'), content);
    assert.ok(Buffer.from(await actor.ok('readFile', at('d/file'))).equals(content));
    assert.ok((await served(actor, at('d/file'), content.length)).equals(content));
    await actor.ok('rename', at('d/file'), at('moved'));
    await actor.refuses('ENOENT', 'stat', at('d/file'));
    await actor.ok('link', at('moved'), at('d/linked'));
    await actor.ok('symlink', 'd/linked', at('pointer'));
    assert.ok(Buffer.from(await actor.ok('readFile', at('pointer'))).equals(content));
    await actor.ok('chmod', at('moved'), 0o640);
    await actor.ok('chown', at('moved'), 12, 34);
    const fd = await actor.ok('open', at('moved'), O_RDWR);
    await actor.ok('ftruncate', fd, 100);
    // Whole milliseconds: fuse-native has no more.
    const timeNs = 981_173_106_789_000_000n;
    await actor.ok('utimens', at('moved'), timeNs, timeNs);
    const { mode, uid, gid, size, mtimeNs } = await actor.ok('stat', at('moved'));
    assert.deepEqual([mode & 0o7777n, uid, gid, size, mtimeNs], [0o640n, 12n, 34n, 100n, timeNs]);

    await actor.ok('setxattr', at('moved'), 'user.key', Buffer.from('value'), 0);
    assert.equal(String(await actor.ok('getxattr', at('moved'), 'user.key')), 'value');
    assert.deepEqual(await actor.ok('listxattr', at('moved')), ['user.key']);
    await actor.refuses('ERANGE', 'getxattr', at('moved'), 'user.key', 3);
    await actor.ok('removexattr', at('moved'), 'user.key');
    await actor.refuses('ENODATA', 'getxattr', at('moved'), 'user.key');

    await actor.ok('makeFiles', at('d'), 300);
    const names = Array.from({ length: 300 }, (_, nr) => String(nr));
    assert.deepEqual(await actor.ok('list', at('d')), [...names, 'linked'].toSorted());
    await actor.ok('removeFiles', at('d'), names);
    assert.ok((await actor.ok('statfs', at(''))).bfree > 0);

    // An open file without a name: libfuse gives it another one until it is closed.
    await actor.ok('unlink', at('moved'));
    await actor.refuses('ENOENT', 'stat', at('moved'));
    assert.equal(Buffer.from(await actor.ok('read', fd, 100, 0)).compare(content.subarray(0, 100)), 0);
    await actor.ok('close', fd);
    for (const name of ['pointer', 'd/linked']) await actor.ok('unlink', at(name));
    await actor.ok('rmdir', at('d'));
    await eventually('the hidden name gone', 5000, async () => (await actor.ok('list', at(''))).length === 0);
  });

  test('writeback of a shared mapping is held, and released byte-exact in reverse', async (context) => {
    const { place, ready, actor, at } = await onLibfuse(context);
    const content = randomBytes(4 << 20);
    const before = nrThreads(ready.pid);
    const { msync, held } = await heldWriteback(place, actor, at('file'), content);
    assert.deepEqual(held.total, { requests: 32, bytes: content.length });
    assert.ok(held.held.every(({ path, size }) => path === '/file' && size === requestBytes));
    assert.ok(nrThreads(ready.pid) - before >= 20, 'each holds a thread of libfuse');
    await done(place, 'fault', 'clear');
    const part = await json<ReleaseAnswer>(place, 'release', '--reversed', '--count', '10');
    assert.deepEqual(part, { released: 10, bytes: 10 * requestBytes, remaining: 22 });
    const rest = await json<ReleaseAnswer>(place, 'release', '--reversed');
    assert.deepEqual([rest.released, rest.remaining], [22, 0]);
    assert.equal(await msync[0], 0);
    assert.ok((await served(actor, at('file'), content.length)).equals(content));
  });

  test('delay and fail do here what they do on dev-fuse', async (context) => {
    const { place, actor, at } = await onLibfuse(context);
    await actor.ok('writeFile', at('file'), Buffer.from('x'));
    await done(place, 'fault', 'add', 'delay', 'getxattr', '--distribution', 'fixed:400ms');
    const startMs = performance.now();
    await actor.refuses('ENODATA', 'getxattr', at('file'), 'user.none');
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs >= 395, `${tookMs} ms with fixed:400ms`);
    await done(place, 'fault', 'clear');
    await done(place, 'fault', 'add', 'fail', 'EIO', 'getxattr');
    await actor.refuses('EIO', 'getxattr', at('file'), 'user.none');
    await done(place, 'fault', 'clear');
    await actor.refuses('ENODATA', 'getxattr', at('file'), 'user.none');
  });

  test('unmount --force with held requests releases them and leaves nothing', async (context) => {
    const { place, actor, at } = await onLibfuse(context);
    const { msync } = await heldWriteback(place, actor, at('file'), randomBytes(4 * requestBytes));
    const result = await place.cli('unmount', '--force', place.mountPoint);
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stdout, /4 held requests released.*detached/);
    assert.equal(await msync[0], 0);
    await place.gone();
  });

  test('SIGTERM releases, unmounts and ends the daemon', async (context) => {
    const { place, ready, actor, at } = await onLibfuse(context);
    const { msync } = await heldWriteback(place, actor, at('file'), randomBytes(2 * requestBytes));
    process.kill(ready.pid, 'SIGTERM');
    assert.equal(await msync[0], 0);
    await place.gone();
  });

  test('what is held longer than --max-hold is aborted, and the daemon ends', async (context) => {
    const { place, actor, at } = await onLibfuse(context, '--max-hold', '2s');
    const { msync } = await heldWriteback(place, actor, at('file'), randomBytes(2 * requestBytes));
    assert.ok(((await msync[0]) ?? 0) < 0, 'the data is lost, and msync says so');
    await place.gone();
  });

  test('SIGKILL of the daemon: no child can have its /dev/fuse, and everybody is let go', async (context) => {
    const { place, ready, actor, at } = await onLibfuse(context);
    const { msync } = await heldWriteback(place, actor, at('file'), randomBytes(2 * requestBytes));
    // A child that had one would keep the connection alive when the daemon dies.
    const descriptors = fuseDescriptors(ready.pid);
    assert.deepEqual(
      descriptors.map(({ flags }) => (flags & O_CLOEXEC) !== 0),
      [true, true],
      "libfuse's and ours",
    );
    process.kill(ready.pid, 'SIGKILL');
    assert.ok(((await msync[0]) ?? 0) < 0);
    await place.gone();
  });

  test('rescue finds it and un-wedges it', async (context) => {
    const { place, actor, at } = await onLibfuse(context);
    const { msync } = await heldWriteback(place, actor, at('file'), randomBytes(2 * requestBytes));
    const result = await place.cli('rescue', '--mount', place.mountPoint);
    assert.equal(result.status, 0, `${result.stdout}${result.stderr}`);
    assert.equal(typeof (await msync[0]), 'number');
    await place.gone();
  });

  for (const words of [['nodiratime'], ['ro,strictatime']]) {
    test(`-o ${words}, which libfuse does not know, is refused and nothing is left`, async (context) => {
      const place = new MountPlace(context);
      const result = await place.cli('mount', '--transport', 'libfuse', '-o', ...words, place.mountPoint);
      assert.equal(result.status, 2, result.stderr);
      assert.match(result.stderr, /^stuckfs: -o: [^\n]*libfuse 2\.9 has no such option[^\n]*\n$/);
      assert.deepEqual(place.leftovers(), []);
    });
  }

  test('-o words reach the mount, and others may not write to a read-only one', async (context) => {
    const { place, actor, at } = await onLibfuse(context, '-o', 'ro,allow_other,noexec,fsname=a/b:c');
    const entry = readMountinfo().find(({ mountPoint }) => mountPoint === place.mountPoint);
    assert.equal(entry?.source, 'a/b:c');
    for (const word of ['ro', 'nosuid', 'nodev', 'noexec']) assert.ok(entry?.options.includes(word), word);
    assert.ok(entry?.superOptions.includes('allow_other'));
    assert.equal(await actor.do('writeFile', at('file'), Buffer.from('x')), -Errno.EROFS);
  });
});

/** Open files of /dev/fuse, with what /proc/PID/fdinfo says of them. */
function fuseDescriptors(pid: number): readonly { readonly flags: number }[] {
  return readdirSync(`/proc/${pid}/fd`)
    .filter((fd) => linkOf(pid, fd) === '/dev/fuse')
    .map((fd) => {
      const [, octal = ''] =
        /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')) ?? [];
      return { flags: Number.parseInt(octal, 8) };
    });
}

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}
