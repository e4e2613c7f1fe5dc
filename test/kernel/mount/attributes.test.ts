/** Attributes on a real mount: who may do what, set-ID and sticky bits, times in ns, extended attributes. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { XATTR_CREATE, XATTR_REPLACE } from '../../../src/store/mode.js';
import { MountFlag, mount } from '../../../src/syscall/mount.js';
import { onEachMount } from '../../support/mount-variants.js';

const { O_CREAT, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const MS_REMOUNT = 32;
const nobody = 65_534;
const somebody = 12_345;
const text = (words: string): Buffer => Buffer.from(words);

onEachMount('attributes on a mount', ({ mounted, unlessLacking }) => {
  test('another user may do what the mode says, with allow_other', async (context) => {
    const { place, actor, at } = await mounted(context, '-o', 'allow_other');
    await actor.ok('umask', 0);
    await actor.ok('writeFile', at('private'), text('p'));
    await actor.ok('chmod', at('private'), 0o600);
    await actor.ok('writeFile', at('public'), text('p'));
    await actor.ok('chmod', at('public'), 0o644);
    await actor.ok('mkdir', at('closed'), 0o700);

    const user = place.actor();
    await user.ok('become', nobody, nobody);
    await user.refuses('EACCES', 'open', at('private'), O_RDONLY);
    await user.refuses('EACCES', 'open', at('public'), O_WRONLY);
    assert.equal(String(await user.ok('readFile', at('public'))), 'p');
    await user.refuses('EACCES', 'list', at('closed'));
    await user.refuses('EACCES', 'mkdir', at('new'));
    await user.refuses('EPERM', 'chmod', at('public'), 0o666);
    await user.refuses('EPERM', 'chown', at('public'), nobody, nobody);
    await user.refuses('EACCES', 'unlink', at('public'));
  });

  test('what another user makes is his', unlessLacking('caller'), async (context) => {
    const { place, actor, at } = await mounted(context, '-o', 'allow_other');
    await actor.ok('umask', 0);
    await actor.ok('mkdir', at('open'), 0o777);
    const user = place.actor();
    await user.ok('become', nobody, nobody);
    await user.ok('writeFile', at('open/mine'), text('mine'));
    const mine = await user.ok('stat', at('open/mine'));
    assert.deepEqual([mine.uid, mine.gid], [BigInt(nobody), BigInt(nobody)]);
    await user.ok('chmod', at('open/mine'), 0o400);
    await user.refuses('EACCES', 'open', at('open/mine'), O_RDWR);
    await actor.ok('chown', at('open/mine'), somebody, somebody);
    assert.equal((await actor.ok('stat', at('open/mine'))).uid, BigInt(somebody));
    await user.refuses('EACCES', 'open', at('open/mine'), O_RDONLY);
  });

  test('another user may do nothing without allow_other', async (context) => {
    const { place, actor, at } = await mounted(context);
    await actor.ok('chmod', at(''), 0o777);
    const user = place.actor();
    await user.ok('become', nobody, nobody);
    await user.refuses('EACCES', 'list', at(''));
  });

  test('in a sticky directory only the owner removes', async (context) => {
    const { place, actor, at } = await mounted(context, '-o', 'allow_other');
    await actor.ok('mkdir', at('tmp'));
    await actor.ok('chmod', at('tmp'), 0o1777);
    const [one, other] = [place.actor(), place.actor()];
    await one.ok('become', nobody, nobody);
    await other.ok('become', somebody, somebody);
    await actor.ok('writeFile', at('tmp/file'), text('x'));
    await actor.ok('chown', at('tmp/file'), nobody, nobody);
    await other.refuses('EPERM', 'unlink', at('tmp/file'));
    await other.refuses('EPERM', 'rename', at('tmp/file'), at('tmp/other'));
    await one.ok('unlink', at('tmp/file'));
  });

  test('a set-group-ID directory hands its group down', async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('mkdir', at('shared'));
    await actor.ok('chown', at('shared'), 0, somebody);
    await actor.ok('chmod', at('shared'), 0o2775);
    await actor.ok('writeFile', at('shared/file'), text('x'));
    await actor.ok('mkdir', at('shared/sub'));
    assert.equal((await actor.ok('stat', at('shared/file'))).gid, BigInt(somebody));
    const sub = await actor.ok('stat', at('shared/sub'));
    assert.equal(sub.gid, BigInt(somebody));
    assert.equal(sub.mode & 0o2000n, 0o2000n);
  });

  test('a write and a change of owner take the set-ID bits', async (context) => {
    const { place, actor, at } = await mounted(context, '-o', 'allow_other,suid');
    for (const name of ['written', 'given']) {
      await actor.ok('writeFile', at(name), text('x'));
      await actor.ok('chown', at(name), nobody, nobody);
      await actor.ok('chmod', at(name), 0o6755);
      assert.equal((await actor.ok('stat', at(name))).mode & 0o7777n, 0o6755n);
    }
    const user = place.actor();
    await user.ok('become', nobody, nobody);
    const fd = await user.ok('open', at('written'), O_WRONLY);
    await user.ok('write', fd, text('y'));
    await user.ok('close', fd);
    assert.equal((await actor.ok('stat', at('written'))).mode & 0o7777n, 0o755n);
    await actor.ok('chown', at('given'), somebody, somebody);
    assert.equal((await actor.ok('stat', at('given'))).mode & 0o7777n, 0o755n);
  });

  test('times are kept to the ns', unlessLacking('ns-times'), async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('writeFile', at('file'), text('x'));
    for (const [atime, mtime] of [
      [1_234_567_890_123_456_789n, 987_654_321_987_654_321n],
      [0n, 1n],
      [4_102_444_800_999_999_999n, 4_102_444_800_000_000_001n],
    ] as const) {
      await actor.ok('utimens', at('file'), atime, mtime);
      const stat = await actor.ok('stat', at('file'));
      assert.deepEqual([stat.atimeNs, stat.mtimeNs], [atime, mtime]);
    }
  });

  /** What fstat says after fsync, and what stat says when the inode has left the cache and came again. */
  async function writtenAndAskedAnew(context: TestContext) {
    const { place, actor, at } = await mounted(context);
    const fd = await actor.ok('open', at('file'), O_CREAT | O_RDWR);
    await actor.ok('write', fd, Buffer.alloc(10_000, 1));
    const written = await actor.ok('fstat', fd);
    await actor.ok('fsync', fd);
    const synced = await actor.ok('fstat', fd);
    assert.equal(synced.mtimeNs, written.mtimeNs, 'writeback is no change of its own');
    await actor.ok('close', fd);
    // A remount drops the cached names and with them the inodes (shrink_dcache_sb() in reconfigure_super()).
    const flags = MS_REMOUNT | MountFlag.MS_NOSUID | MountFlag.MS_NODEV;
    assert.equal(mount('stuckfs', place.mountPoint, 'fuse.stuckfs', flags, ''), 0);
    return { synced, later: await actor.ok('stat', at('file')) };
  }

  test('size and mtime of what went through the writeback cache outlive the cached inode', async (context) => {
    const { synced, later } = await writtenAndAskedAnew(context);
    assert.deepEqual([later.size, later.mtimeNs], [10_000n, synced.mtimeNs]);
  });

  test('and so does ctime', unlessLacking('ctime-of-the-store'), async (context) => {
    const { synced, later } = await writtenAndAskedAnew(context);
    assert.equal(later.ctimeNs, synced.ctimeNs);
  });

  test('extended attributes are set, listed, replaced and removed', async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('writeFile', at('file'), text('x'));
    const value = Buffer.from([0, 1, 2, 255, 0]);
    await actor.ok('setxattr', at('file'), 'user.a', value, XATTR_CREATE);
    await actor.refuses('EEXIST', 'setxattr', at('file'), 'user.a', value, XATTR_CREATE);
    await actor.refuses('ENODATA', 'setxattr', at('file'), 'user.b', value, XATTR_REPLACE);
    await actor.ok('setxattr', at('file'), 'user.empty', Buffer.alloc(0));
    await actor.ok('setxattr', at('file'), 'trusted.t', text('t'));
    assert.deepEqual(await actor.ok('getxattr', at('file'), 'user.a'), value);
    assert.equal(Buffer.from((await actor.ok('getxattr', at('file'), 'user.empty')) as Buffer).length, 0);
    const names = await actor.ok('listxattr', at('file'));
    assert.deepEqual(Array.from(names as string[]).toSorted(), ['trusted.t', 'user.a', 'user.empty']);
    assert.equal(await actor.do('getxattr', at('file'), 'user.a', 0).then(String), '');
    await actor.refuses('ERANGE', 'getxattr', at('file'), 'user.a', 2);
    await actor.ok('removexattr', at('file'), 'user.a');
    await actor.refuses('ENODATA', 'getxattr', at('file'), 'user.a');
    await actor.refuses('ENODATA', 'removexattr', at('file'), 'user.a');
  });

  test('an extended attribute has up to 64 KiB', unlessLacking('large-xattrs'), async (context) => {
    const { actor, at } = await mounted(context);
    await actor.ok('writeFile', at('file'), text('x'));
    const big = Buffer.alloc(65_536, 7);
    await actor.ok('setxattr', at('file'), 'user.big', big);
    assert.deepEqual(await actor.ok('getxattr', at('file'), 'user.big'), big);
  });
});
