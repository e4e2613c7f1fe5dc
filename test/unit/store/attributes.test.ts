import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '../../../src/base/branded.js';
import { S_IFDIR, S_IFREG } from '../../../src/store/mode.js';
import { Fixture, fails, ok, onEachStore, owner, ROOT } from './fixture.js';

/** Which of atime, mtime and ctime of a node `act` sets to now, as letters. */
function touched(f: Fixture, nodeid: NodeId, act: () => void): string {
  f.sec++;
  act();
  const { atimeSec, mtimeSec, ctimeSec } = f.attributes(nodeid);
  return `${atimeSec === f.sec ? 'a' : ''}${mtimeSec === f.sec ? 'm' : ''}${ctimeSec === f.sec ? 'c' : ''}`;
}

test('a new inode has all its times from the clock, to the nanosecond', () => {
  const f = new Fixture();
  const { atimeSec, mtimeSec, ctimeSec, atimeNsec, mtimeNsec, ctimeNsec } = f.attributes(f.file('file'));
  assert.deepEqual([atimeSec, mtimeSec, ctimeSec], [f.sec, f.sec, f.sec]);
  assert.deepEqual([atimeNsec, mtimeNsec, ctimeNsec], [5, 5, 5]);
});

test('which times an operation on a file changes', () => {
  const f = new Fixture();
  const file = f.file('file');
  const { store } = f;
  const act: [string, string, () => void][] = [
    ['write', 'mc', () => f.write(file, 0, 'x')],
    ['empty write', '', () => f.write(file, 0, '')],
    ['chmod', 'c', () => ok(store.setattr(file, { mode: 0o600 }))],
    ['chown', 'c', () => ok(store.setattr(file, { uid: 1, gid: 2 }))],
    ['truncate', 'mc', () => ok(store.setattr(file, { size: 0 }))],
    ['truncate to the same size', 'mc', () => ok(store.setattr(file, { size: 0 }))],
    ['utimes now', 'amc', () => ok(store.setattr(file, { atime: 'now', mtime: 'now' }))],
    ['link', 'c', () => ok(store.link(file, ROOT, 'second'))],
    ['unlink', 'c', () => ok(store.unlink(ROOT, 'second'))],
    ['fallocate', 'mc', () => ok(store.fallocate(file, 0, 0, 10))],
    ['setxattr', 'c', () => ok(store.setxattr(file, 'user.a', Buffer.from('1'), 0))],
    ['refused setxattr', '', () => fails(store.setxattr(file, 'user.a', Buffer.from('1'), 1), 'EEXIST')],
    ['getxattr', '', () => ok(store.getxattr(file, 'user.a'))],
    ['removexattr', 'c', () => ok(store.removexattr(file, 'user.a'))],
    ['getattr', '', () => ok(store.getattr(file))],
    ['open', '', () => ok(store.release(ok(store.open(file))))],
  ];
  for (const [name, times, run] of act) assert.equal(touched(f, file, run), times, name);
});

test('which operations change the times of their directory', () => {
  const f = new Fixture();
  const { store } = f;
  const file = f.file('file');
  const act: [string, string, () => void][] = [
    ['mknod', 'mc', () => f.file('a')],
    ['mkdir', 'mc', () => f.directory('b')],
    ['symlink', 'mc', () => ok(store.symlink(ROOT, 'c', 'x', owner))],
    ['link', 'mc', () => ok(store.link(file, ROOT, 'd'))],
    ['unlink', 'mc', () => ok(store.unlink(ROOT, 'a'))],
    ['rmdir', 'mc', () => ok(store.rmdir(ROOT, 'b'))],
    ['rename', 'mc', () => ok(store.rename(ROOT, 'c', ROOT, 'e', 0))],
    ['tmpfile', '', () => ok(store.tmpfile(ROOT, 0o600, owner))],
    ['lookup', '', () => ok(store.lookup(ROOT, 'file'))],
    ['a write below', '', () => f.write(file, 0, 'x')],
    ['a refused mknod', '', () => fails(store.mknod(ROOT, 'e', 0, 0, owner), 'EEXIST')],
    ['readdir', 'a', () => f.names(ROOT)],
  ];
  for (const [name, times, run] of act) assert.equal(touched(f, ROOT, run), times, name);
});

test('atime moves when it is not newer than mtime and ctime, or a day old', () => {
  const f = new Fixture();
  const file = f.file('file');
  f.write(file, 0, 'text');
  assert.equal(
    touched(f, file, () => f.read(file)),
    'a',
  );
  assert.equal(
    touched(f, file, () => f.read(file)),
    '',
  );
  ok(f.store.setattr(file, { mode: 0o600 }));
  assert.equal(
    touched(f, file, () => f.read(file)),
    'a',
  );
  f.sec += 24 * 60 * 60;
  assert.equal(
    touched(f, file, () => f.read(file)),
    'a',
  );
  const copy = f.file('copy');
  ok(f.store.setattr(file, { mode: 0o600 }));
  assert.equal(
    touched(f, file, () => ok(f.store.copyFileRange(file, 0, copy, 0, 4))),
    'a',
  );
  assert.equal(
    touched(f, copy, () => ok(f.store.copyFileRange(file, 0, copy, 0, 4))),
    'mc',
  );
  const link = ok(f.store.symlink(ROOT, 's', 'x', owner)).nodeid;
  assert.equal(
    touched(f, link, () => ok(f.store.readlink(link))),
    'a',
  );
});

test('times before 1970 and after 2038 are kept exactly', () => {
  const f = new Fixture();
  const file = f.file('file');
  const atime = { sec: -1, nsec: 999_999_999 };
  const mtime = { sec: 2 ** 34 + 1, nsec: 123_456_789 };
  const after = ok(f.store.setattr(file, { atime, mtime, ctime: { sec: 42, nsec: 7 } }));
  assert.deepEqual({ sec: after.atimeSec, nsec: after.atimeNsec }, atime);
  assert.deepEqual({ sec: after.mtimeSec, nsec: after.mtimeNsec }, mtime);
  assert.deepEqual([after.ctimeSec, after.ctimeNsec], [42, 7]);
});

onEachStore(
  'chmod keeps the type; chown changes only what is given',
  (f) => {
    const directory = f.directory('d');
    assert.equal(ok(f.store.setattr(directory, { mode: S_IFREG | 0o7700 })).mode, S_IFDIR | 0o7700);
    const { uid, gid } = ok(f.store.setattr(directory, { gid: 5 }));
    assert.deepEqual([uid, gid], [owner.uid, 5]);
  },
  { needsRoot: true },
);

test('killPriv takes the set-ID bits and the capabilities away, on write, truncate and chown', () => {
  const f = new Fixture();
  const file = f.file('file');
  const arm = (mode: number) => {
    ok(f.store.setattr(file, { mode }));
    ok(f.store.setxattr(file, 'security.capability', Buffer.from('caps'), 0));
  };
  const kill: (() => void)[] = [
    () => ok(f.store.write(file, 0, Buffer.from('x'), true)),
    () => ok(f.store.setattr(file, { size: 0, killPriv: true })),
    () => ok(f.store.setattr(file, { uid: 5, killPriv: true })),
  ];
  for (const run of kill) {
    arm(0o6755);
    run();
    assert.equal(f.attributes(file).mode, S_IFREG | 0o755);
    fails(f.store.getxattr(file, 'security.capability'), 'ENODATA');
    arm(0o6745);
    run();
    assert.equal(f.attributes(file).mode, S_IFREG | 0o2745, 'no group execution: S_ISGID stays');
  }
  arm(0o6755);
  f.write(file, 0, 'x');
  ok(f.store.setattr(file, { size: 0 }));
  assert.equal(f.attributes(file).mode, S_IFREG | 0o6755);
  const directory = f.directory('d');
  ok(f.store.setattr(directory, { mode: 0o2775 }));
  assert.equal(ok(f.store.setattr(directory, { uid: 5, killPriv: true })).mode, S_IFDIR | 0o2775);
});

onEachStore('a refused setattr changes nothing', (f) => {
  const directory = f.directory('d');
  const before = f.attributes(directory);
  f.sec++;
  fails(f.store.setattr(directory, { size: 0, mode: 0 }), 'EISDIR');
  assert.deepEqual(f.attributes(directory), before);
  fails(f.store.setattr(f.file('file'), { size: 2 ** 53 }), 'EFBIG');
  fails(f.store.setattr(ok(f.store.symlink(ROOT, 's', 'x', owner)).nodeid, { size: 0 }), 'EINVAL');
});
