/** What only a store over a directory does: identity, descriptors, what others do to the directory meanwhile. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NodeId } from '../../../../src/base/branded.js';
import { UsageError } from '../../../../src/base/errors.js';
import { BackingStore } from '../../../../src/store/backing/backing-store.js';
import { S_IFREG } from '../../../../src/store/mode.js';
import { Fixture, fails, ok, owner, ROOT, withBackingStore } from '../fixture.js';

/** Descriptors of this process that lead into the directory. */
function descriptorsInto(directory: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
    } catch {
      return false;
    }
  }).length;
}

test('what is written is in the directory, with the owner and the mode that were asked for', () => {
  withBackingStore((store, directory) => {
    const f = new Fixture({}, store);
    const { nodeid } = ok(store.mknod(ROOT, 'file', S_IFREG | 0o4751, 0, owner));
    f.write(nodeid, 0, 'bytes');
    assert.equal(readFileSync(join(directory, 'file'), 'utf8'), 'bytes');
    const { mode, uid, gid } = statSync(join(directory, 'file'));
    assert.deepEqual([mode, uid, gid], [S_IFREG | 0o4751, owner.uid, owner.gid]);
    ok(store.fsync(nodeid, false));
    ok(store.fsync(nodeid, true));
    ok(store.fsync(ROOT, false));
  });
});

test('what others make is found, and their names of one file are one node', () => {
  withBackingStore((store, directory) => {
    writeFileSync(join(directory, 'one'), 'x');
    execFileSync('ln', [join(directory, 'one'), join(directory, 'two')]);
    const one = ok(store.lookup(ROOT, 'one'));
    assert.equal(one.nlink, 2);
    assert.equal(ok(store.lookup(ROOT, 'two')).nodeid, one.nodeid);
  });
});

test('names are bytes', () => {
  withBackingStore((store, directory) => {
    const f = new Fixture({}, store);
    f.file('\xff\xfe ü');
    assert.deepEqual(readdirSync(directory, { encoding: 'buffer' }), [Buffer.from('\xff\xfe ü', 'latin1')]);
    assert.deepEqual(f.names(ROOT).toSorted(), ['.', '..', '\xff\xfe ü']);
  });
});

test('descriptors are bounded, however many files are known; each is found again by its name', () => {
  withBackingStore((store, directory) => {
    const f = new Fixture({}, store);
    const deep = f.directory('deep', f.directory('d'));
    const files = Array.from({ length: 500 }, (_, nr) => {
      const file = f.file(`${nr}`, deep);
      store.remember(file);
      return file;
    });
    assert.ok(descriptorsInto(directory) <= 2 * 16 + 2, `${descriptorsInto(directory)}`);
    for (const [nr, file] of files.entries()) f.write(file, 0, `${nr}`);
    for (const file of files) ok(store.open(file));
    for (const [nr, file] of files.entries()) assert.equal(f.read(file).toString(), `${nr}`);
    assert.ok(descriptorsInto(directory) <= 2 * 16 + 2, `${descriptorsInto(directory)}`);
    assert.equal(store.pathOf(files[7] as NodeId), '/d/deep/7');
  });
});

test('everything is closed when everything is released and forgotten', () => {
  withBackingStore((store, directory) => {
    const f = new Fixture({}, store);
    const file = f.file('file');
    store.remember(file);
    const handle = ok(store.open(file));
    f.write(file, 0, 'x');
    ok(store.unlink(ROOT, 'file'));
    assert.equal(descriptorsInto(directory), 3, 'the root, the file, its data');
    ok(store.release(handle));
    assert.equal(descriptorsInto(directory), 2);
    store.forget(file, 1);
    assert.equal(descriptorsInto(directory), 1);
    const { nrInodes, nrLookups, nrOpen } = store.counters();
    assert.deepEqual([nrInodes, nrLookups, nrOpen], [0, 0, 0]);
  });
});

test('a file that lost its name is still itself when all other descriptors were given up', () => {
  withBackingStore((store) => {
    const f = new Fixture({}, store);
    const file = f.file('file');
    store.remember(file);
    f.write(file, 0, 'kept');
    const others = (prefix: string) => {
      for (let nr = 0; nr < 100; nr++) f.file(`${prefix}${nr}`);
    };
    others('before');
    ok(store.unlink(ROOT, 'file'));
    others('after');
    assert.equal(f.read(file).toString(), 'kept');
    assert.equal(f.attributes(file).nlink, 0);
    assert.equal(store.pathOf(file), undefined);
  });
});

test('a file that was replaced behind our back is stale, not the other one', () => {
  withBackingStore((store, directory) => {
    const f = new Fixture({}, store);
    const file = f.file('file');
    store.remember(file);
    // So that its descriptor is given up.
    for (let nr = 0; nr < 100; nr++) f.file(`${nr}`);
    unlinkSync(join(directory, 'file'));
    writeFileSync(join(directory, 'file'), 'another');
    fails(store.getattr(file), 'ESTALE');
    fails(store.read(file, 0, 10, Buffer.alloc(10)), 'ESTALE');
    const found = ok(store.lookup(ROOT, 'file'));
    assert.notEqual(found.nodeid, file);
    assert.equal(f.read(found.nodeid).toString(), 'another');
  });
});

test('symlinks are never followed, wherever they lead and whenever they come', () => {
  withBackingStore((store, directory) => {
    const f = new Fixture({}, store);
    const sub = f.directory('sub');
    f.file('inside', sub);
    store.remember(sub);
    for (const target of ['/etc', '..', 'sub']) {
      symlinkSync(target, join(directory, 'link'));
      const link = ok(store.lookup(ROOT, 'link')).nodeid;
      assert.equal(ok(store.readlink(link)), target);
      fails(store.lookup(link, 'passwd'), 'ENOTDIR');
      fails(store.mknod(link, 'x', S_IFREG, 0, owner), 'ENOTDIR');
      fails(store.opendir(link), 'ENOTDIR');
      unlinkSync(join(directory, 'link'));
    }
    // The directory becomes a symlink after it was looked up, and its descriptor has been given up.
    for (let nr = 0; nr < 100; nr++) f.file(`${nr}`);
    renameSync(join(directory, 'sub'), join(directory, 'moved'));
    symlinkSync('/etc', join(directory, 'sub'));
    fails(store.lookup(sub, 'passwd'), 'ESTALE');
    fails(store.mknod(sub, 'planted', S_IFREG, 0, owner), 'ESTALE');
    for (const name of ['..', '../x', '/etc/passwd', 'sub/inside', '']) {
      if (name !== '..') fails(store.lookup(ROOT, name), 'EINVAL');
      fails(store.unlink(ROOT, name), 'EINVAL');
      fails(store.rename(ROOT, 'moved', ROOT, name, 0), 'EINVAL');
    }
  });
});

test('a directory that was moved out of the backing directory is served no more', () => {
  withBackingStore((store, directory) => {
    withBackingStore((_other, outside) => {
      const f = new Fixture({}, store);
      const sub = f.directory('sub');
      const below = f.directory('below', sub);
      store.remember(sub);
      store.remember(below);
      renameSync(join(directory, 'sub'), join(outside, 'sub'));
      writeFileSync(join(outside, 'sub/secret'), 'secret');
      for (const node of [sub, below]) {
        fails(store.lookup(node, 'secret'), 'ESTALE');
        fails(store.mknod(node, 'planted', S_IFREG, 0, owner), 'ESTALE');
        fails(store.opendir(node), 'ESTALE');
      }
      // Within the directory it may move.
      const inner = f.directory('inner');
      store.remember(inner);
      mkdirSync(join(directory, 'elsewhere'));
      renameSync(join(directory, 'inner'), join(directory, 'elsewhere/inner'));
      f.file('file', inner);
      assert.ok(lstatSync(join(directory, 'elsewhere/inner/file')).isFile());
    });
  });
});

test('moves from outside that look like a circle do not hang', () => {
  withBackingStore((store, directory) => {
    const f = new Fixture({}, store);
    const a = f.directory('a');
    const b = f.directory('b', a);
    for (const node of [a, b]) store.remember(node);
    renameSync(join(directory, 'a/b'), join(directory, 'b'));
    renameSync(join(directory, 'a'), join(directory, 'b/a'));
    assert.equal(ok(store.lookup(b, 'a')).nodeid, a);
    assert.equal(store.pathOf(a), undefined);
    assert.equal(ok(store.lookup(ROOT, 'b')).nodeid, b);
    assert.equal(store.pathOf(a), '/b/a');
  });
});

test('a directory that is removed answers EIO to everything, and says so once', () => {
  let nowMs = 0;
  withBackingStore(
    (store, directory, reports) => {
      const f = new Fixture({}, store);
      const file = f.file('file');
      store.remember(file);
      const handle = ok(store.open(file));
      f.write(file, 0, 'x');
      rmSync(join(directory, 'file'));
      rmdirSync(directory);
      fails(store.mknod(ROOT, 'new', S_IFREG, 0, owner), 'EIO');
      nowMs += 1000;
      fails(store.write(file, 0, Buffer.from('y'), false), 'EIO');
      fails(store.lookup(ROOT, 'file'), 'EIO');
      fails(store.getattr(ROOT), 'EIO');
      ok(store.release(handle));
      assert.deepEqual(reports, [`the backing directory ${directory} was removed`]);
      assert.equal(store.failure, reports[0]);
    },
    { nowMs: () => nowMs },
  );
});

test('killPriv takes the set-ID bits, which a write by root would leave', () => {
  withBackingStore((store) => {
    const f = new Fixture({}, store);
    const file = f.file('file');
    for (const [before, after] of [
      [0o6755, 0o755],
      [0o6745, 0o2745],
    ] as const) {
      ok(store.setattr(file, { mode: before }));
      ok(store.write(file, 0, Buffer.from('x'), true));
      assert.equal(f.attributes(file).mode, S_IFREG | after);
      ok(store.setattr(file, { mode: before }));
      ok(store.setattr(file, { size: 0, killPriv: true }));
      assert.equal(f.attributes(file).mode, S_IFREG | after);
    }
  });
});

test('what cannot be served is refused', () => {
  withBackingStore((_store, directory) => {
    writeFileSync(join(directory, 'file'), '');
    const rest = { maxDescriptors: 16, isMounted: () => true, report: () => {}, nowMs: () => 0 };
    for (const name of ['file', 'none']) {
      assert.throws(() => new BackingStore({ directory: join(directory, name), ...rest }), UsageError);
    }
  });
});
