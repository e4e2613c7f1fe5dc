import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '../../../src/base/branded.js';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK } from '../../../src/store/mode.js';
import { Fixture, fails, ok, onEachStore, owner, ROOT } from './fixture.js';

test('every type that mknod makes is looked up as it was made; a device keeps its number', () => {
  const { store } = new Fixture();
  for (const [name, type] of Object.entries({ S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK })) {
    ok(store.mknod(ROOT, name, type | 0o4640, 0x103, owner));
    const { mode, rdev, nlink, uid, gid } = ok(store.lookup(ROOT, name));
    const isDevice = type === S_IFCHR || type === S_IFBLK;
    assert.deepEqual(
      { mode, rdev, nlink, uid, gid },
      { mode: type | 0o4640, rdev: isDevice ? 0x103 : 0, nlink: 1, ...owner },
    );
  }
  assert.equal(ok(store.mknod(ROOT, 'untyped', 0o600, 0, owner)).mode, S_IFREG | 0o600);
  fails(store.mknod(ROOT, 'x', S_IFDIR | 0o755, 0, owner), 'EINVAL');
  fails(store.mknod(ROOT, 'x', S_IFLNK | 0o777, 0, owner), 'EINVAL');
});

onEachStore('names: taken, too long, of no directory, of an unknown or a removed one', (f) => {
  const file = f.file('file');
  fails(f.store.mknod(ROOT, 'file', S_IFREG, 0, owner), 'EEXIST');
  fails(f.store.mkdir(ROOT, 'file', 0o755, owner), 'EEXIST');
  fails(f.store.mkdir(ROOT, '..', 0o755, owner), 'EEXIST');
  fails(f.store.mkdir(ROOT, 'a/b', 0o755, owner), 'EINVAL');
  f.file('\xff'.repeat(255));
  fails(f.store.mknod(ROOT, 'n'.repeat(256), S_IFREG, 0, owner), 'ENAMETOOLONG');
  fails(f.store.lookup(ROOT, 'n'.repeat(256)), 'ENAMETOOLONG');
  fails(f.store.lookup(ROOT, 'absent'), 'ENOENT');
  fails(f.store.lookup(file, 'x'), 'ENOTDIR');
  fails(f.store.mkdir(file, 'x', 0o755, owner), 'ENOTDIR');
  fails(f.store.getattr(4711 as NodeId), 'ESTALE');

  const gone = f.directory('gone');
  f.store.remember(gone);
  ok(f.store.rmdir(ROOT, 'gone'));
  fails(f.store.mknod(gone, 'x', S_IFREG, 0, owner), 'ENOENT');
  fails(f.store.link(file, gone, 'x'), 'ENOENT');
  fails(f.store.rename(ROOT, 'file', gone, 'x', 0), 'ENOENT');
  fails(f.store.tmpfile(gone, 0o600, owner), 'ENOENT');
});

onEachStore('"." and ".." are looked up for NFS export', (f) => {
  const inner = f.directory('inner', f.directory('outer'));
  assert.equal(ok(f.store.lookup(inner, '.')).nodeid, inner);
  assert.equal(ok(f.store.lookup(inner, '..')).nodeid, ok(f.store.lookup(ROOT, 'outer')).nodeid);
  assert.equal(ok(f.store.lookup(ROOT, '..')).nodeid, ROOT);
});

onEachStore('a directory has a link for each subdirectory', (f) => {
  const directory = f.directory('d');
  assert.equal(f.attributes(directory).nlink, 2);
  f.directory('sub', directory);
  f.file('file', directory);
  assert.equal(f.attributes(directory).nlink, 3);
  assert.equal(f.attributes(ROOT).nlink, 3);
  ok(f.store.rmdir(directory, 'sub'));
  assert.equal(f.attributes(directory).nlink, 2);
});

onEachStore('rmdir and unlink refuse what is not theirs', (f) => {
  const directory = f.directory('d');
  f.file('file', directory);
  fails(f.store.rmdir(ROOT, 'd'), 'ENOTEMPTY');
  fails(f.store.unlink(ROOT, 'd'), 'EISDIR');
  fails(f.store.rmdir(directory, 'file'), 'ENOTDIR');
  fails(f.store.rmdir(directory, '.'), 'EINVAL');
  fails(f.store.rmdir(directory, '..'), 'ENOTEMPTY');
  fails(f.store.unlink(ROOT, 'absent'), 'ENOENT');
  ok(f.store.unlink(directory, 'file'));
  ok(f.store.rmdir(ROOT, 'd'));
  fails(f.store.lookup(ROOT, 'd'), 'ENOENT');
});

onEachStore('a symlink holds its target, whose length is its size', (f) => {
  const link = ok(f.store.symlink(ROOT, 's', '../else\xc3\xa9', owner));
  assert.equal(link.mode, S_IFLNK | 0o777);
  assert.equal(link.size, 9);
  assert.equal(ok(f.store.readlink(link.nodeid)), '../else\xc3\xa9');
  fails(f.store.readlink(ROOT), 'EINVAL');
  fails(f.store.symlink(ROOT, 'e', '', owner), 'ENOENT');
  ok(f.store.symlink(ROOT, 'longest', 'x'.repeat(4095), owner));
  fails(f.store.symlink(ROOT, 'longer', 'x'.repeat(4096), owner), 'ENAMETOOLONG');
});

onEachStore('hard links are one inode by several names', (f) => {
  const file = f.file('one');
  assert.equal(ok(f.store.link(file, f.directory('d'), 'two')).nlink, 2);
  f.write(file, 0, 'shared');
  ok(f.store.unlink(ROOT, 'one'));
  const two = ok(f.store.lookup(ok(f.store.lookup(ROOT, 'd')).nodeid, 'two'));
  assert.equal(two.nodeid, file);
  assert.equal(two.nlink, 1);
  assert.equal(f.read(file).toString(), 'shared');
  fails(f.store.link(two.nodeid, ROOT, 'd'), 'EEXIST');
  fails(f.store.link(ok(f.store.lookup(ROOT, 'd')).nodeid, ROOT, 'x'), 'EPERM');
});

test('a file has at most 65,000 names', () => {
  const f = new Fixture();
  const file = f.file('0');
  for (let nr = 1; nr < 65_000; nr++) ok(f.store.link(file, ROOT, `${nr}`));
  fails(f.store.link(file, ROOT, 'more'), 'EMLINK');
});

onEachStore(
  'a set-group-ID directory hands down its group, and the bit to directories only',
  (f) => {
    const directory = f.directory('d');
    ok(f.store.setattr(directory, { mode: 0o2775, gid: 7 }));
    const file = f.attributes(f.file('file', directory));
    assert.deepEqual([file.uid, file.gid, file.mode], [owner.uid, 7, S_IFREG | 0o644]);
    const sub = f.attributes(f.directory('sub', directory));
    assert.deepEqual([sub.gid, sub.mode], [7, S_IFDIR | 0o2755]);
    assert.equal(ok(f.store.symlink(directory, 's', 'x', owner)).gid, 7);
    assert.equal(ok(f.store.tmpfile(directory, 0o600, owner)).gid, 7);
  },
  { needsRoot: true },
);

onEachStore('a temporary file has no name until it is linked', (f) => {
  const { nodeid, nlink, mode } = ok(f.store.tmpfile(ROOT, 0o600, owner));
  assert.deepEqual([nlink, mode], [0, S_IFREG | 0o600]);
  const handle = ok(f.store.open(nodeid));
  f.write(nodeid, 0, 'kept');
  assert.deepEqual(f.names(ROOT), ['.', '..']);
  assert.equal(ok(f.store.link(nodeid, ROOT, 'named')).nlink, 1);
  ok(f.store.release(handle));
  assert.equal(f.read(ok(f.store.lookup(ROOT, 'named')).nodeid).toString(), 'kept');
});

onEachStore('the path follows the names', (f) => {
  const outer = f.directory('outer');
  const inner = f.directory('inner', outer);
  const file = f.file('file', inner);
  assert.equal(f.store.pathOf(ROOT), '/');
  assert.equal(f.store.pathOf(inner), '/outer/inner');
  assert.equal(f.store.pathOf(file), '/outer/inner/file');

  ok(f.store.rename(ROOT, 'outer', ROOT, 'renamed', 0));
  assert.equal(f.store.pathOf(file), '/renamed/inner/file');
  ok(f.store.rename(outer, 'inner', ROOT, 'moved', 0));
  assert.equal(f.store.pathOf(file), '/moved/file');
  const other = f.directory('other');
  ok(f.store.rename(ROOT, 'moved', ROOT, 'other', 2));
  assert.equal(f.store.pathOf(file), '/other/file');
  assert.equal(f.store.pathOf(other), '/moved');

  ok(f.store.link(file, ROOT, 'second'));
  ok(f.store.unlink(inner, 'file'));
  assert.equal(f.store.pathOf(file), '/second');
  f.store.remember(file);
  ok(f.store.unlink(ROOT, 'second'));
  assert.equal(f.store.pathOf(file), undefined);
  f.store.remember(inner);
  ok(f.store.rmdir(ROOT, 'other'));
  assert.equal(f.store.pathOf(inner), undefined);
  assert.equal(f.store.pathOf(4711 as NodeId), undefined);
});

onEachStore('the path of a chain too deep to cache is right all the same', (f) => {
  const chain: string[] = [];
  let at = ROOT;
  for (let depth = 0; depth < 100; depth++) {
    chain.push(`${depth}`.padStart(200, 'd'));
    at = f.directory(chain.at(-1) ?? '', at);
  }
  assert.equal(f.store.pathOf(at), `/${chain.join('/')}`);
  assert.equal(f.store.pathOf(f.file('leaf', at)), `/${chain.join('/')}/leaf`);
});
