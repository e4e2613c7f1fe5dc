import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../../src/store/mode.js';
import { Fixture, fails, ok, onEachStore, ROOT } from './fixture.js';

onEachStore('a rename moves the name, and the link of a directory with it', (f) => {
  const from = f.directory('from');
  const to = f.directory('to');
  const sub = f.directory('sub', from);
  ok(f.store.rename(from, 'sub', to, 'new', 0));
  assert.deepEqual(f.names(from), ['.', '..']);
  assert.deepEqual(f.names(to), ['.', '..', 'new']);
  assert.deepEqual([f.attributes(from).nlink, f.attributes(to).nlink], [2, 3]);
  assert.equal(ok(f.store.lookup(sub, '..')).nodeid, to);
});

onEachStore('a rename replaces its target, which dies of it', (f) => {
  const file = f.file('file');
  const target = f.file('target');
  f.store.remember(target);
  ok(f.store.rename(ROOT, 'file', ROOT, 'target', 0));
  assert.equal(ok(f.store.lookup(ROOT, 'target')).nodeid, file);
  assert.equal(f.attributes(target).nlink, 0);
  f.store.forget(target, 1);
  fails(f.store.getattr(target), 'ESTALE');

  const directory = f.directory('d');
  const empty = f.directory('empty');
  f.store.remember(empty);
  assert.equal(f.attributes(ROOT).nlink, 4);
  ok(f.store.rename(ROOT, 'd', ROOT, 'empty', 0));
  assert.equal(f.attributes(ROOT).nlink, 3);
  assert.equal(f.attributes(empty).nlink, 0);
  assert.equal(f.attributes(directory).nlink, 2);
});

onEachStore('what a rename may not do', (f) => {
  f.file('file');
  const outer = f.directory('outer');
  const inner = f.directory('inner', outer);
  f.directory('empty');
  fails(f.store.rename(ROOT, 'absent', ROOT, 'x', 0), 'ENOENT');
  fails(f.store.rename(ROOT, 'file', ROOT, 'empty', 0), 'EISDIR');
  fails(f.store.rename(ROOT, 'empty', ROOT, 'file', 0), 'ENOTDIR');
  fails(f.store.rename(ROOT, 'empty', ROOT, 'outer', 0), 'ENOTEMPTY');
  fails(f.store.rename(ROOT, 'outer', inner, 'x', 0), 'EINVAL');
  fails(f.store.rename(ROOT, 'outer', outer, 'x', 0), 'EINVAL');
  fails(f.store.rename(outer, 'inner', ROOT, 'outer', 0), 'ENOTEMPTY');
  fails(f.store.rename(ROOT, 'file', ROOT, 'n'.repeat(256), 0), 'ENAMETOOLONG');
  fails(f.store.rename(ROOT, 'file', ROOT, 'x', 4), 'EINVAL');
  fails(f.store.rename(ROOT, 'file', ROOT, 'x', RENAME_NOREPLACE | RENAME_EXCHANGE), 'EINVAL');
  assert.deepEqual(f.names(ROOT).toSorted(), ['.', '..', 'empty', 'file', 'outer']);
});

onEachStore('names of one inode renamed onto each other both stay', (f) => {
  const file = f.file('one');
  ok(f.store.link(file, ROOT, 'two'));
  f.sec++;
  const before = f.attributes(file);
  ok(f.store.rename(ROOT, 'one', ROOT, 'two', 0));
  assert.deepEqual(f.names(ROOT).toSorted(), ['.', '..', 'one', 'two']);
  assert.deepEqual(f.attributes(file), before);
});

onEachStore('RENAME_NOREPLACE refuses a taken name and moves to a free one', (f) => {
  const file = f.file('file');
  f.file('taken');
  fails(f.store.rename(ROOT, 'file', ROOT, 'taken', RENAME_NOREPLACE), 'EEXIST');
  ok(f.store.rename(ROOT, 'file', ROOT, 'free', RENAME_NOREPLACE));
  assert.equal(ok(f.store.lookup(ROOT, 'free')).nodeid, file);
});

onEachStore('RENAME_EXCHANGE swaps two names of any types', (f) => {
  const a = f.directory('a');
  const b = f.directory('b');
  const sub = f.directory('sub', a);
  const file = f.file('file', b);
  f.file('below', sub);
  ok(f.store.rename(a, 'sub', b, 'file', RENAME_EXCHANGE));
  assert.equal(ok(f.store.lookup(a, 'sub')).nodeid, file);
  assert.equal(ok(f.store.lookup(b, 'file')).nodeid, sub);
  assert.deepEqual([f.attributes(a).nlink, f.attributes(b).nlink], [2, 3]);
  assert.deepEqual([f.store.pathOf(file), f.store.pathOf(sub)], ['/a/sub', '/b/file']);
  fails(f.store.rename(a, 'sub', b, 'absent', RENAME_EXCHANGE), 'ENOENT');
  fails(f.store.rename(ROOT, 'b', sub, 'below', RENAME_EXCHANGE), 'EINVAL');
  fails(f.store.rename(sub, 'below', ROOT, 'b', RENAME_EXCHANGE), 'EINVAL');
});

test('times: both parents change, and ctime of what moved and of what was replaced', () => {
  const f = new Fixture();
  const a = f.directory('a');
  const b = f.directory('b');
  const file = f.file('file', a);
  const target = f.file('target', b);
  f.store.remember(target);
  const start = f.sec;
  f.sec++;
  ok(f.store.rename(a, 'file', b, 'target', 0));
  const times = [a, b, file, target].map((node) => {
    const { atimeSec, mtimeSec, ctimeSec } = f.attributes(node);
    return [atimeSec - start, mtimeSec - start, ctimeSec - start];
  });
  assert.deepEqual(times, [
    [0, 1, 1],
    [0, 1, 1],
    [0, 0, 1],
    [0, 0, 1],
  ]);
});

test('in a full store a name can still be renamed to one as long', () => {
  const f = new Fixture();
  f.file('name');
  const full = new Fixture({ maxBytes: f.store.counters().usedBytes });
  full.file('name');
  ok(full.store.rename(ROOT, 'name', ROOT, 'else', 0));
  fails(full.store.rename(ROOT, 'else', ROOT, 'longer', 0), 'ENOSPC');
  assert.deepEqual(full.names(ROOT), ['.', '..', 'else']);
  assert.equal(full.store.counters().usedBytes, f.store.counters().usedBytes);
});
