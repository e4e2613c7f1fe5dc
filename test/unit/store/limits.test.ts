import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { isFailure } from '../../../src/store/failure.js';
import { MemoryStore } from '../../../src/store/memory/memory-store.js';
import { S_IFREG } from '../../../src/store/mode.js';
import { Fixture, fails, ok, owner, ROOT, record } from './fixture.js';

test('a write that does not fit writes what fits, then nothing; removing makes room again', () => {
  const f = new Fixture({ maxBytes: 300_000 });
  const file = f.file('file');
  const written = f.write(file, 0, Buffer.alloc(1 << 20, 1));
  assert.ok(written > 290_000 && written < 300_000, `${written}`);
  assert.deepEqual(f.read(file), Buffer.alloc(written, 1));
  fails(f.store.write(file, written, Buffer.alloc(4096), false), 'ENOSPC');
  assert.equal(ok(f.store.statfs()).blocksFree, 0);
  assert.equal(f.write(file, 0, Buffer.alloc(1000, 2)), 1000, 'what is allocated can be overwritten');
  ok(f.store.setattr(file, { size: 4096 }));
  assert.ok(f.write(file, 4096, Buffer.alloc(1 << 20)) > 280_000);
  ok(f.store.unlink(ROOT, 'file'));
  assert.equal(f.store.counters().usedBytes, 0);
});

test('statfs counts what is there, and in a full store inodes are refused', () => {
  const f = new Fixture({ maxBytes: 1 << 20, maxInodes: 3 });
  assert.deepEqual(ok(f.store.statfs()), {
    blockSize: 4096,
    blocks: 256,
    blocksFree: 256,
    files: 3,
    filesFree: 3,
    nameMax: 255,
  });
  f.file('1');
  f.directory('2');
  const tmp = ok(f.store.tmpfile(ROOT, 0o600, owner)).nodeid;
  f.store.remember(tmp);
  assert.equal(ok(f.store.statfs()).filesFree, 0);
  fails(f.store.mknod(ROOT, '4', S_IFREG, 0, owner), 'ENOSPC');
  fails(f.store.symlink(ROOT, '4', 'x', owner), 'ENOSPC');
  ok(f.store.link(tmp, ROOT, 'another name is not another inode'));
  ok(f.store.unlink(ROOT, '1'));
  f.file('4');
});

test('an unlinked file that is open still takes its room', () => {
  const f = new Fixture();
  const file = f.file('file');
  f.write(file, 0, Buffer.alloc(1 << 20, 1));
  const handle = ok(f.store.open(file));
  ok(f.store.unlink(ROOT, 'file'));
  assert.ok(f.store.counters().usedBytes > 1 << 20);
  ok(f.store.release(handle));
  assert.equal(f.store.counters().usedBytes, 0);
});

test('punching gives room back, in the middle of a file too', () => {
  const f = new Fixture();
  const file = f.file('file');
  f.write(file, 0, Buffer.alloc(1 << 20, 1));
  const before = f.store.counters().usedBytes;
  ok(f.store.fallocate(file, 3, 131_072, 131_072 * 4));
  assert.ok(before - f.store.counters().usedBytes >= 131_072 * 4);
});

test('what is cut off within a chunk is given back too', () => {
  const f = new Fixture();
  const file = f.file('file');
  f.write(file, 0, Buffer.alloc(131_072, 1));
  const before = f.store.counters().usedBytes;
  ok(f.store.setattr(file, { size: 5000 }));
  assert.ok(before - f.store.counters().usedBytes >= 131_072 - 8192);
  assert.deepEqual(f.read(file), Buffer.alloc(5000, 1));
});

test('a file whose name has no room leaves nothing behind', () => {
  const sizes = new Fixture();
  ok(sizes.store.tmpfile(ROOT, 0, owner));
  const f = new Fixture({ maxBytes: sizes.store.counters().usedBytes + 100 });
  fails(f.store.mknod(ROOT, 'file', S_IFREG, 0, owner), 'ENOSPC');
  assert.deepEqual(f.names(ROOT), ['.', '..']);
  assert.equal(f.store.counters().nrInodes, 0);
  assert.equal(f.store.counters().usedBytes, 0);
});

test('a reservation that cannot be met is refused', () => {
  const f = new Fixture({ maxBytes: 1 << 20 });
  const file = f.file('file');
  fails(f.store.fallocate(file, 0, 0, 2 ** 45), 'ENOSPC');
  assert.equal(f.attributes(file).size, 0);
  assert.ok(f.store.counters().usedBytes < 4096);
});

/** Runs until it is refused with ENOSPC; how many went. */
function exhaust(act: (nr: number) => unknown): number {
  for (let nr = 0; nr < 1_000_000; nr++) {
    const result = act(nr);
    if (!isFailure(result)) continue;
    fails(result, 'ENOSPC');
    return nr;
  }
  return assert.fail('never refused');
}

test('nothing that a client makes many of is free', () => {
  const act: Record<string, (f: Fixture) => (nr: number) => unknown> = {
    'empty files': (f) => (nr) => f.store.mknod(ROOT, `${nr}`, S_IFREG, 0, owner),
    directories: (f) => (nr) => f.store.mkdir(ROOT, `${nr}`, 0, owner),
    symlinks: (f) => (nr) => f.store.symlink(ROOT, `${nr}`, 'x', owner),
    'nameless files': (f) => () => f.store.tmpfile(ROOT, 0, owner),
    'hard links': (f) => {
      const file = f.file('file');
      return (nr) => f.store.link(file, ROOT, `${nr}`);
    },
    xattrs: (f) => {
      const file = f.file('file');
      return (nr) => f.store.setxattr(file, `user.${nr}`, Buffer.alloc(0), 0);
    },
    'bytes far apart': (f) => {
      const file = f.file('file');
      return (nr) => f.store.write(file, nr * 2 ** 30, Buffer.alloc(1), false);
    },
  };
  for (const [what, make] of Object.entries(act)) {
    const f = new Fixture({ maxBytes: 1 << 20, maxInodes: 1_000_000 });
    const nr = exhaust(make(f));
    assert.ok(nr > 100 && nr <= (1 << 20) / 150, `${nr} ${what} in a mebibyte`);
    const m = new Fixture({ maxBytes: 2 ** 40, maxInodes: 1_000_000, maxMetadataBytes: 1 << 20 });
    if (what !== 'bytes far apart') assert.ok(exhaust(make(m)) <= (1 << 20) / 150, `${what}, metadata`);
  }
});

test('locks are limited, held and waited for alike', () => {
  const f = new Fixture({ maxLocks: 100 });
  const file = f.file('file');
  for (let nr = 0; nr < 99; nr++) ok(f.store.setlk(file, record('write', 1, nr * 2, nr * 2)));
  assert.ok(ok(f.store.setlkw(file, record('write', 2, 0, 0), () => assert.fail('granted'))) > 0);
  fails(f.store.setlk(file, record('write', 1, 1000, 1000)), 'ENOLCK');
  fails(
    f.store.setlkw(file, record('write', 3, 0, 0), () => assert.fail('granted')),
    'ENOLCK',
  );
  ok(f.store.setlk(file, record('read', 1, 196, 196)));
  assert.equal(f.store.counters().nrLocks, 100);
});

test('limits that cannot be are refused', () => {
  const now = () => ({ sec: 0, nsec: 0 });
  for (const wrong of [
    { maxBytes: -1, maxInodes: 1 },
    { maxBytes: 1, maxInodes: 2 ** 24 },
    { maxBytes: 1.5, maxInodes: 1 },
    { maxBytes: 1, maxInodes: 1, maxLocks: Number.NaN },
  ]) {
    assert.throws(() => new MemoryStore({ now, ...wrong }), UsageError);
  }
});
