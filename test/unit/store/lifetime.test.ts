import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '../../../src/base/branded.js';
import { Fixture, fails, ok, onEachStore, owner, ROOT, record } from './fixture.js';

const empty = { nrInodes: 0, nrLookups: 0, nrOpen: 0, nrLocks: 0, usedBytes: 0 };

test('an unlinked file that is open or remembered goes on working, and is gone after', () => {
  for (const hold of ['open', 'remembered']) {
    const f = new Fixture();
    const file = f.file('file');
    const handle = hold === 'open' ? ok(f.store.open(file)) : undefined;
    if (handle === undefined) f.store.remember(file);
    ok(f.store.unlink(ROOT, 'file'));
    f.write(file, 0, 'still here');
    assert.equal(f.read(file).toString(), 'still here');
    assert.equal(f.attributes(file).nlink, 0);
    if (handle === undefined) f.store.forget(file, 1);
    else ok(f.store.release(handle));
    fails(f.store.getattr(file), 'ESTALE');
    assert.deepEqual(f.store.counters(), empty);
  }
});

test('an inode dies with the last of its lookups, not before', () => {
  const f = new Fixture();
  const file = f.file('file');
  for (let nr = 0; nr < 3; nr++) f.store.remember(file);
  assert.equal(f.store.counters().nrLookups, 3);
  ok(f.store.unlink(ROOT, 'file'));
  f.store.forget(file, 2);
  assert.equal(f.store.counters().nrInodes, 1);
  f.store.forget(file, 1);
  assert.deepEqual(f.store.counters(), empty);
});

test('forgetting does not touch what has a name; forgetting too much or the unknown does no harm', () => {
  const f = new Fixture();
  const file = f.file('file');
  f.store.remember(file);
  f.store.forget(file, 100);
  f.store.forget(4711 as NodeId, 1);
  f.store.forget(ROOT, 1);
  assert.equal(f.attributes(file).nlink, 1);
  assert.equal(f.attributes(ROOT).nlink, 2);
  assert.equal(f.store.counters().nrLookups, 0);
});

onEachStore('a node id is never given out twice', (f) => {
  const first = f.file('file');
  ok(f.store.unlink(ROOT, 'file'));
  assert.notEqual(f.file('file'), first);
});

onEachStore('handles: one for each open, of the right type, released once', (f) => {
  const file = f.file('file');
  const one = ok(f.store.open(file));
  const two = ok(f.store.open(file));
  assert.notEqual(one, two);
  fails(f.store.open(ROOT), 'EISDIR');
  fails(f.store.opendir(file), 'ENOTDIR');
  fails(
    f.store.readdir(one, 0, () => true),
    'ENOTDIR',
  );
  ok(f.store.release(one));
  fails(f.store.release(one), 'EBADF');
  assert.equal(f.store.counters().nrOpen, 1);
});

test('a removed directory that is open lists "." and ".." and dies on release', () => {
  const f = new Fixture();
  const directory = f.directory('d');
  const handle = ok(f.store.opendir(directory));
  ok(f.store.rmdir(ROOT, 'd'));
  const names: string[] = [];
  ok(f.store.readdir(handle, 0, (name) => names.push(name) > 0));
  assert.deepEqual(names, ['.', '..']);
  ok(f.store.release(handle));
  assert.deepEqual(f.store.counters(), empty);
});

test('everything a dead inode had is given back: data, xattrs, locks, target', () => {
  const f = new Fixture();
  const file = f.file('file');
  f.write(file, 0, Buffer.alloc(300_000, 1));
  for (const nr of [1000, 10, 500]) ok(f.store.setxattr(file, 'user.x', Buffer.alloc(nr), 0));
  ok(f.store.setxattr(file, 'user.y', Buffer.alloc(10), 0));
  ok(f.store.removexattr(file, 'user.y'));
  ok(f.store.setlk(file, record('write', 1)));
  const link = ok(f.store.symlink(ROOT, 's', 'target', owner));
  f.store.remember(link.nodeid);
  ok(f.store.unlink(ROOT, 's'));
  ok(f.store.unlink(ROOT, 'file'));
  f.store.forget(link.nodeid, 1);
  assert.deepEqual(f.store.counters(), empty);
});
