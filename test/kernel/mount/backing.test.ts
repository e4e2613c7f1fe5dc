/** A backing directory on a real mount: data survives, nothing escapes, and what happens to the directory is told. */
import assert from 'node:assert/strict';
import {
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import type { Status } from '../../../src/control/contract/status.js';
import { MNT_DETACH, MountFlag, mount, umount2 } from '../../../src/syscall/mount.js';
import { eventually } from '../../support/eventually.js';
import { MountPlace } from '../../support/mounted.js';
import { devFuse, libfuse, requires, root } from '../../support/requirement.js';

const { O_CREAT, O_RDWR } = constants;
const MS_REMOUNT = 32;
const text = (words: string): Buffer => Buffer.from(words);
const pattern = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7) & 0xff));

/** A mount of this directory, which is made if need be, that logs to a file. */
async function serving(context: TestContext, directory?: string, ...options: readonly string[]) {
  const place = new MountPlace(context);
  const backing = directory ?? place.outside('backing');
  mkdirSync(backing, { recursive: true });
  const log = place.outside('daemon.log');
  const mountAgain = () => place.mount('--backing', backing, '--log-file', log, ...options);
  await mountAgain();
  return {
    place,
    backing,
    mountAgain,
    actor: place.actor(),
    at: (name: string) => join(place.mountPoint, name),
    in: (name: string) => join(backing, name),
    /** What the log says of the directory, a line each. */
    logged: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes('the backing directory')),
    store: async (): Promise<Status['store']> => {
      const result = await place.cli('status', '--json', '-m', place.mountPoint);
      assert.equal(result.status, 0, result.stderr);
      return (JSON.parse(result.stdout) as Status).store;
    },
  };
}

/** A filesystem of its own, that may be remounted and unmounted. */
function tmpfs(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-tmpfs-'));
  assert.equal(mount('tmpfs', directory, 'tmpfs', 0, ''), 0);
  context.after(() => {
    // Some tests have unmounted it.
    umount2(directory, MNT_DETACH);
    rmdirSync(directory);
  });
  return directory;
}

describe('a backing directory', requires(root, devFuse), () => {
  test('what is written is in the directory, and there again after the next mount', async (context) => {
    const s = await serving(context);
    const bytes = pattern(3_000_001);
    await s.actor.ok('mkdir', s.at('d'), 0o750);
    const fd = await s.actor.ok('open', s.at('d/file'), O_CREAT | O_RDWR);
    await s.actor.ok('write', fd, bytes, 0);
    await s.actor.ok('fsync', fd);
    assert.ok(readFileSync(s.in('d/file')).equals(bytes), 'after fsync');
    await s.actor.ok('close', fd);
    await s.actor.ok('link', s.at('d/file'), s.at('second'));
    await s.actor.ok('symlink', 'd/file', s.at('link'));
    await s.actor.ok('setxattr', s.at('second'), 'user.x', text('value'));
    await s.actor.ok('chown', s.at('second'), 123, 456);
    const store = await s.store();
    assert.deepEqual([store.kind, store.directory, store.failure], ['backing', s.backing, null]);
    assert.ok(store.usedBytes > 0 && store.usedBytes <= store.maxBytes);
    assert.equal((await s.place.cli('unmount', s.place.mountPoint)).status, 0);

    writeFileSync(s.in('meanwhile'), 'from outside');
    await s.mountAgain();
    assert.deepEqual(await s.actor.ok('list', s.at('')), ['d', 'link', 'meanwhile', 'second']);
    assert.ok(Buffer.from(await s.actor.ok('readFile', s.at('link'))).equals(bytes));
    assert.equal(String(await s.actor.ok('readFile', s.at('meanwhile'))), 'from outside');
    const stat = await s.actor.ok('stat', s.at('d/file'));
    assert.deepEqual([stat.nlink, stat.uid, stat.gid], [2n, 123n, 456n]);
    assert.deepEqual(await s.actor.ok('getxattr', s.at('d/file'), 'user.x'), text('value'));
    assert.equal((await s.actor.ok('stat', s.at('d'))).mode & 0o7777n, 0o750n);
  });

  test('a held WRITE is let go and the file in the directory is byte-exact', async (context) => {
    const s = await serving(context);
    const bytes = pattern(5 << 20);
    const fd = await s.actor.ok('open', s.at('file'), O_CREAT | O_RDWR);
    await s.actor.ok('write', fd, bytes, 0);
    assert.equal((await s.place.cli('hold', 'write')).status, 0);
    const close = s.actor.do('close', fd);
    const held = await s.place.cli('held', '--wait-for', '5', '--timeout', '20s');
    assert.equal(held.status, 0, held.stderr);
    assert.match(held.stdout, /WRITE +\d+ +\/file /);
    assert.equal((await s.place.cli('fault', 'clear')).status, 0);
    assert.equal((await s.place.cli('release')).status, 0);
    assert.equal(await close, 0);
    assert.ok(readFileSync(s.in('file')).equals(bytes));
  });

  test('a symlink leads the process, never the server, out of the directory', async (context) => {
    const s = await serving(context);
    const outside = s.place.outside('elsewhere');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'secret');
    symlinkSync(outside, s.in('absolute'));
    symlinkSync('../elsewhere', s.in('relative'));
    // The kernel resolves both from the process's side: there, the relative one leads beside the mount point.
    assert.equal(String(await s.actor.ok('readFile', s.at('absolute/secret'))), 'secret');
    assert.equal(String(await s.actor.ok('readFile', s.at('relative/secret'))), 'secret');
    const { requests } = JSON.parse(
      (await s.place.cli('status', '--json', '-m', s.place.mountPoint)).stdout,
    ) as Status;
    assert.equal(requests.byOpcode['FUSE_READ'], undefined, 'the server read nothing');
  });

  test('a directory that is swapped for a symlink meanwhile is not followed out', async (context) => {
    // The kernel goes on believing that the name is a directory.
    const s = await serving(context, undefined, '--entry-timeout', '1h', '--attr-timeout', '1h');
    const outside = s.place.outside('elsewhere');
    mkdirSync(outside);
    await s.actor.ok('mkdir', s.at('sub'));
    await s.actor.ok('writeFile', s.at('sub/before'), text('x'));
    for (let nr = 0; nr < 20; nr++) {
      const making = s.actor.do('makeFiles', s.at('sub'), 50);
      for (let swaps = 0; swaps < 200; swaps++) {
        renameSync(s.in('sub'), s.in('aside'));
        symlinkSync(outside, s.in('sub'));
        unlinkSync(s.in('sub'));
        renameSync(s.in('aside'), s.in('sub'));
        if (swaps % 20 === 0) await new Promise(setImmediate);
      }
      const made = await making;
      const names = readdirSync(s.in('sub')).filter((name) => name !== 'before');
      assert.ok(Number(made) < 0 || names.length === 50, `${made}, ${names.length} files`);
      for (const name of names) rmSync(s.in(`sub/${name}`));
      assert.deepEqual(readdirSync(outside), []);
    }
    // Moved out altogether: the server has it open still, and must not use it.
    renameSync(s.in('sub'), join(outside, 'sub'));
    await s.actor.refuses('ENOENT', 'open', s.at('sub/planted'), O_CREAT | O_RDWR);
    assert.deepEqual(readdirSync(join(outside, 'sub')), ['before']);
    assert.equal((await s.store()).failure, null);
  });

  const vanishes = async (s: Awaited<ReturnType<typeof serving>>, what: RegExp): Promise<void> => {
    await eventually('EIO', 10_000, async () => (await s.actor.do('mkdir', s.at('new'))) === -Errno.EIO);
    await s.actor.refuses('EIO', 'list', s.at(''));
    await s.actor.refuses('EIO', 'statfs', s.at(''));
    const { failure } = await s.store();
    assert.match(String(failure), what);
    assert.equal(s.logged().length, 1, s.logged().join('\n'));
    const human = await s.place.cli('status', '-m', s.place.mountPoint);
    assert.match(human.stdout, what);
  };

  test('a directory that is removed answers EIO; it is recorded, and the daemon lives', async (context) => {
    const s = await serving(context);
    await s.actor.ok('writeFile', s.at('file'), text('x'));
    rmSync(s.backing, { recursive: true });
    await vanishes(s, /backing directory .* was removed/);
    assert.equal((await s.place.cli('unmount', s.place.mountPoint)).status, 0);
  });

  test('a directory whose filesystem is unmounted answers EIO too', async (context) => {
    const directory = tmpfs(context);
    const s = await serving(context, join(directory, 'served'));
    const fd = await s.actor.ok('open', s.at('file'), O_CREAT | O_RDWR);
    await s.actor.ok('write', fd, text('x'), 0);
    await s.actor.ok('fsync', fd);
    assert.equal(umount2(directory, MNT_DETACH), 0);
    await vanishes(s, /backing directory .* was unmounted/);
    const answers = [await s.actor.do('write', fd, text('y'), 0), await s.actor.do('fsync', fd)];
    assert.ok(answers.includes(-Errno.EIO), `answered ${answers}`);
  });

  test('a directory that turns read-only answers EIO, until it is writable again', async (context) => {
    const directory = tmpfs(context);
    const s = await serving(context, join(directory, 'served'));
    await s.actor.ok('writeFile', s.at('file'), text('x'));
    // Nothing is open for writing any more when RELEASE has come.
    await eventually(
      'a remount',
      10_000,
      () => mount('tmpfs', directory, 'tmpfs', MS_REMOUNT | MountFlag.MS_RDONLY, '') === 0,
    );
    await s.actor.refuses('EIO', 'mkdir', s.at('new'));
    await s.actor.refuses('EIO', 'unlink', s.at('file'));
    assert.equal(String(await s.actor.ok('readFile', s.at('file'))), 'x');
    assert.match(String((await s.store()).failure), /turned read-only/);
    assert.equal(s.logged().length, 1);
    assert.equal(mount('tmpfs', directory, 'tmpfs', MS_REMOUNT, ''), 0);
    await s.actor.ok('mkdir', s.at('new'));
  });

  test('a directory that was read-only from the start answers EROFS, and nothing is wrong', async (context) => {
    const directory = tmpfs(context);
    mkdirSync(join(directory, 'served'));
    assert.equal(mount('tmpfs', directory, 'tmpfs', MS_REMOUNT | MountFlag.MS_RDONLY, ''), 0);
    const s = await serving(context, join(directory, 'served'));
    await s.actor.refuses('EROFS', 'mkdir', s.at('new'));
    assert.equal((await s.store()).failure, null);
  });

  test('what is mounted below is not served', async (context) => {
    const directory = tmpfs(context);
    const s = await serving(context, join(directory, 'served'));
    mkdirSync(s.in('other'));
    assert.equal(mount('tmpfs', s.in('other'), 'tmpfs', 0, ''), 0);
    try {
      await s.actor.refuses('EXDEV', 'stat', s.at('other'));
      assert.deepEqual(await s.actor.ok('list', s.at('')), ['other']);
    } finally {
      umount2(s.in('other'), MNT_DETACH);
    }
  });

  test('what cannot be served is refused, and nothing is mounted', async (context) => {
    const place = new MountPlace(context);
    mkdirSync(place.outside('dir'));
    writeFileSync(place.outside('file'), '');
    const refuses = async (says: RegExp, ...words: readonly string[]) => {
      const result = await place.cli('mount', ...words, place.mountPoint);
      assert.equal(result.status, 2, result.stderr);
      assert.match(result.stderr, says);
      assert.match(result.stderr, /^stuckfs: [^\n]+\n$/);
      await place.gone();
    };
    await refuses(/--backing: .*ENOENT/, '--backing', place.outside('none'));
    await refuses(/--backing: .*ENOTDIR/, '--backing', place.outside('file'));
    await refuses(/--backing: .*holds the mount point/, '--backing', place.outside(''));
    await refuses(/--backing: .*holds the mount point/, '--backing', place.mountPoint);
    await refuses(/--size: .*leave it out with --backing/, '--backing', place.outside('dir'), '--size', '1M');
    await refuses(/--inodes: .*leave it out/, '--backing', place.outside('dir'), '--inodes', '9');

    await place.mount();
    mkdirSync(place.outside('second'));
    symlinkSync(place.mountPoint, place.outside('link'));
    for (const path of [place.mountPoint, join(place.outside('link'), 'below')]) {
      const result = await place.cli('mount', '--backing', path, place.outside('second'));
      assert.equal(result.status, 2, result.stderr);
      assert.match(result.stderr, /--backing: .*lies on the stuckfs mount/);
    }
  });
});

describe('a backing directory over libfuse', requires(root, devFuse, libfuse), () => {
  test('data survives; what is held or open stays itself when its name goes, or very many others come', async (context) => {
    const {
      place,
      mountAgain,
      actor,
      at,
      in: inside,
      backing,
    } = await serving(context, undefined, '--transport', 'libfuse');
    await actor.ok('mkdir', at('d'));
    const fd = await actor.ok('open', at('d/open'), O_CREAT | O_RDWR);
    await actor.ok('write', fd, text('content'), 0);
    await actor.ok('writeFile', at('held'), text('x'));
    // From outside: libfuse has no name for it any more, and need not.
    unlinkSync(inside('d/open'));
    await actor.ok('write', fd, text('C'), 0);
    // Not a byte beyond its end, and no fstat(2): both ask for attributes, by a path that is no more.
    await actor.ok('dropCache', fd, 'Content'.length);
    assert.equal(String(Buffer.from(await actor.ok('read', fd, 'Content'.length, 0))), 'Content');

    const hold = await place.cli('hold', 'getxattr', '--path', '/held');
    assert.equal(hold.status, 0, hold.stderr);
    const waiting = place.actor().do('getxattr', at('held'), 'user.none');
    const held = await place.cli('held', '--wait-for', '1');
    assert.equal(held.status, 0, held.stderr);
    // More than the store keeps of what nobody uses.
    await actor.ok('mkdir', at('many'));
    for (let nr = 0; nr < 4200; nr++) writeFileSync(inside(`many/${nr}`), '');
    await actor.ok(
      'removeFiles',
      at('many'),
      Array.from({ length: 4200 }, (_, nr) => String(nr)),
    );
    const release = await place.cli('release');
    assert.match(release.stdout, /^1 request released/);
    assert.equal(await waiting, -Errno.ENODATA);
    await actor.ok('close', fd);

    await actor.ok('writeFile', at('d/stays'), pattern(300_000));
    assert.equal((await place.cli('unmount', place.mountPoint)).status, 0);
    await place.gone();
    assert.deepEqual(readFileSync(join(backing, 'd/stays')), pattern(300_000));
    await mountAgain();
    const again = place.actor();
    assert.deepEqual(Buffer.from(await again.ok('readFile', at('d/stays'))), pattern(300_000));
    assert.deepEqual(await again.ok('list', at('')), ['d', 'held', 'many']);
  });
});
