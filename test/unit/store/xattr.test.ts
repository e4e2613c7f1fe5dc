import assert from 'node:assert/strict';
import { test } from 'node:test';
import { XATTR_CREATE, XATTR_REPLACE } from '../../../src/store/mode.js';
import { Fixture, fails, ok, ROOT } from './fixture.js';

test('values are set, read back as bytes, replaced, listed and removed, on any type of inode', () => {
  const f = new Fixture();
  const link = ok(f.store.symlink(ROOT, 's', 'x', { uid: 0, gid: 0 })).nodeid;
  for (const node of [f.file('file'), ROOT, link]) {
    const value = Buffer.from([0, 255, 1]);
    ok(f.store.setxattr(node, 'trusted.one', value, 0));
    value.fill(7);
    assert.deepEqual(ok(f.store.getxattr(node, 'trusted.one')), Buffer.from([0, 255, 1]));
    ok(f.store.setxattr(node, 'trusted.one', Buffer.from('longer value'), 0));
    ok(f.store.setxattr(node, 'user.\xff', Buffer.alloc(0), 0));
    assert.equal(ok(f.store.getxattr(node, 'trusted.one')).toString(), 'longer value');
    assert.equal(ok(f.store.getxattr(node, 'user.\xff')).length, 0);
    assert.deepEqual(ok(f.store.listxattr(node)), ['trusted.one', 'user.\xff']);
    ok(f.store.removexattr(node, 'trusted.one'));
    fails(f.store.getxattr(node, 'trusted.one'), 'ENODATA');
    fails(f.store.removexattr(node, 'trusted.one'), 'ENODATA');
    assert.deepEqual(ok(f.store.listxattr(node)), ['user.\xff']);
  }
});

test('XATTR_CREATE wants it absent, XATTR_REPLACE wants it there', () => {
  const f = new Fixture();
  const file = f.file('file');
  fails(f.store.setxattr(file, 'user.a', Buffer.from('1'), XATTR_REPLACE), 'ENODATA');
  ok(f.store.setxattr(file, 'user.a', Buffer.from('1'), XATTR_CREATE));
  fails(f.store.setxattr(file, 'user.a', Buffer.from('2'), XATTR_CREATE), 'EEXIST');
  ok(f.store.setxattr(file, 'user.a', Buffer.from('3'), XATTR_REPLACE));
  assert.equal(ok(f.store.getxattr(file, 'user.a')).toString(), '3');
  fails(f.store.setxattr(file, 'user.a', Buffer.from('4'), 8), 'EINVAL');
});

test('names that are not served: ACLs, other namespaces, a bare prefix', () => {
  const f = new Fixture();
  for (const name of ['system.posix_acl_access', 'system.posix_acl_default', 'btrfs.x', 'plain', 'user.']) {
    fails(f.store.setxattr(ROOT, name, Buffer.from('x'), 0), 'EOPNOTSUPP');
    fails(f.store.getxattr(ROOT, name), 'EOPNOTSUPP');
    fails(f.store.removexattr(ROOT, name), 'EOPNOTSUPP');
  }
});

test('limits of name, value and list', () => {
  const f = new Fixture();
  const file = f.file('file');
  ok(f.store.setxattr(file, `user.${'n'.repeat(250)}`, Buffer.alloc(65_536), 0));
  fails(f.store.setxattr(file, `user.${'n'.repeat(251)}`, Buffer.alloc(0), 0), 'ERANGE');
  fails(f.store.setxattr(file, '', Buffer.alloc(0), 0), 'ERANGE');
  fails(f.store.setxattr(file, 'user.big', Buffer.alloc(65_537), 0), 'E2BIG');
  for (let nr = 1; nr < 256; nr++)
    ok(f.store.setxattr(file, `user.${`${nr}`.padStart(250)}`, Buffer.alloc(1), 0));
  assert.equal(
    ok(f.store.listxattr(file)).reduce((bytes, name) => bytes + name.length + 1, 0),
    65_536,
  );
  fails(f.store.setxattr(file, 'user.x', Buffer.alloc(0), 0), 'ENOSPC');
  ok(f.store.setxattr(file, `user.${'1'.padStart(250)}`, Buffer.from('replaced'), 0));
});
