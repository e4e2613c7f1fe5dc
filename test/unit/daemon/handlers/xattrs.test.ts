import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytes, cstring, raw, u32, zeros } from '../../../support/bytes.js';
import { Server } from '../server.js';

// The compat form: INIT has agreed on nothing here.
const set = (name: string, value: string, flags = 0) =>
  bytes(u32(value.length), u32(flags), cstring(name), raw(value));
const get = (name: string, size: number) => bytes(u32(size), zeros(4), cstring(name));
const list = (size: number) => bytes(u32(size), zeros(4));

function withXattrs() {
  const server = new Server();
  const { nodeid } = server.create('file');
  server.answer('empty', 'FUSE_SETXATTR', nodeid, set('user.a', 'value'));
  server.answer('empty', 'FUSE_SETXATTR', nodeid, set('user.b', ''));
  return { server, nodeid };
}

describe('handlers of extended attributes', () => {
  it('GETXATTR says how much room it needs, fills what it is given, and fills no less', () => {
    const { server, nodeid } = withXattrs();
    assert.deepEqual(server.answer('xattrSize', 'FUSE_GETXATTR', nodeid, get('user.a', 0)), [5]);
    assert.deepEqual(server.answer('data', 'FUSE_GETXATTR', nodeid, get('user.a', 5)), ['value']);
    assert.deepEqual(server.answer('data', 'FUSE_GETXATTR', nodeid, get('user.a', 100)), ['value']);
    assert.equal(server.refusal('FUSE_GETXATTR', nodeid, get('user.a', 4)), 'ERANGE');
    assert.deepEqual(server.answer('data', 'FUSE_GETXATTR', nodeid, get('user.b', 1)), ['']);
    assert.equal(server.refusal('FUSE_GETXATTR', nodeid, get('user.c', 0)), 'ENODATA');
  });

  it('LISTXATTR lists names that end with NUL, by the same rules', () => {
    const { server, nodeid } = withXattrs();
    assert.deepEqual(server.answer('xattrSize', 'FUSE_LISTXATTR', nodeid, list(0)), [14]);
    assert.deepEqual(server.answer('data', 'FUSE_LISTXATTR', nodeid, list(14)), ['user.a\0user.b\0']);
    assert.equal(server.refusal('FUSE_LISTXATTR', nodeid, list(13)), 'ERANGE');
    assert.equal(server.refusal('FUSE_LISTXATTR', 999, list(0)), 'ESTALE');
  });

  it('SETXATTR heeds its flags, REMOVEXATTR removes', () => {
    const { server, nodeid } = withXattrs();
    assert.equal(server.refusal('FUSE_SETXATTR', nodeid, set('user.a', 'x', 1)), 'EEXIST');
    assert.equal(server.refusal('FUSE_SETXATTR', nodeid, set('user.c', 'x', 2)), 'ENODATA');
    server.answer('empty', 'FUSE_SETXATTR', nodeid, set('user.a', 'new', 2));
    assert.deepEqual(server.answer('data', 'FUSE_GETXATTR', nodeid, get('user.a', 9)), ['new']);
    server.answer('empty', 'FUSE_REMOVEXATTR', nodeid, cstring('user.a'));
    assert.equal(server.refusal('FUSE_REMOVEXATTR', nodeid, cstring('user.a')), 'ENODATA');
  });
});
