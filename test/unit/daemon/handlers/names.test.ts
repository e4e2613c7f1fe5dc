import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytes, cstring, u32, u64, zeros } from '../../../support/bytes.js';
import { caller } from '../../../support/fuse-message.js';
import { Server } from '../server.js';

const ROOT = 1;
const S_IFIFO = 0o010000;
const S_IFCHR = 0o020000;

const mknod = (name: string, mode: number, rdev = 0) =>
  bytes(u32(mode), u32(rdev), u32(0o22), zeros(4), cstring(name));
const rename = (to: number, from: string, name: string) => bytes(u64(to), cstring(from), cstring(name));

describe('handlers of names', () => {
  it('LOOKUP answers the entry with how long it may be believed, and remembers it', () => {
    const server = new Server({ attrTimeoutMs: 2500, entryTimeoutMs: 1250 });
    const { nodeid } = server.create('a');
    const before = server.counters.nrLookups;
    const [entry] = server.answer('entry', 'FUSE_LOOKUP', ROOT, cstring('a'));
    assert.equal(entry.nodeid, nodeid);
    assert.equal(entry.attr.ino, nodeid);
    assert.equal(entry.attr.mode, 0o100644);
    assert.deepEqual([entry.attr_valid, entry.attr_valid_nsec], [2, 500_000_000]);
    assert.deepEqual([entry.entry_valid, entry.entry_valid_nsec], [1, 250_000_000]);
    assert.equal(server.counters.nrLookups, before + 1);
  });

  it('LOOKUP says that a name is absent for as long, and remembers nothing', () => {
    const server = new Server({ entryTimeoutMs: 1250 });
    assert.deepEqual(server.answer('negativeEntry', 'FUSE_LOOKUP', ROOT, cstring('a')), [1, 250_000_000]);
    assert.equal(server.counters.nrLookups, 0);
  });

  it('LOOKUP refuses plainly where nothing may be believed, and what is no directory', () => {
    const server = new Server({ entryTimeoutMs: 0 });
    assert.equal(server.refusal('FUSE_LOOKUP', ROOT, cstring('a')), 'ENOENT');
    const { nodeid } = server.create('file');
    assert.equal(server.refusal('FUSE_LOOKUP', nodeid, cstring('a')), 'ENOTDIR');
  });

  it('MKNOD makes what the mode says, for its caller', () => {
    const server = new Server();
    const [fifo] = server.answer('entry', 'FUSE_MKNOD', ROOT, mknod('fifo', S_IFIFO | 0o600));
    assert.equal(fifo.attr.mode, S_IFIFO | 0o600);
    assert.deepEqual([fifo.attr.uid, fifo.attr.gid], [caller.uid, caller.gid]);
    const [device] = server.answer('entry', 'FUSE_MKNOD', ROOT, mknod('device', S_IFCHR | 0o600, 0x103));
    assert.equal(device.attr.rdev, 0x103);
    assert.equal(server.counters.nrLookups, 2);
    assert.equal(server.refusal('FUSE_MKNOD', ROOT, mknod('fifo', S_IFIFO)), 'EEXIST');
  });

  it('MKDIR, SYMLINK and LINK answer entries that the kernel then remembers', () => {
    const server = new Server();
    const directory = server.mkdir('dir');
    assert.equal(server.store.pathOf(directory), '/dir');
    const [link] = server.answer('entry', 'FUSE_SYMLINK', directory, cstring('sym'), cstring('../tar\xff'));
    assert.equal(link.attr.mode, 0o120777);
    assert.deepEqual(server.answer('data', 'FUSE_READLINK', link.nodeid), ['../tar\xff']);
    const { nodeid } = server.create('a');
    const before = server.counters.nrLookups;
    const [hard] = server.answer('entry', 'FUSE_LINK', directory, u64(nodeid), cstring('hard'));
    assert.equal(hard.nodeid, nodeid);
    assert.equal(hard.attr.nlink, 2);
    assert.equal(server.counters.nrLookups, before + 1);
    assert.equal(server.refusal('FUSE_LINK', directory, u64(nodeid), cstring('hard')), 'EEXIST');
    assert.equal(server.refusal('FUSE_READLINK', nodeid), 'EINVAL');
    assert.equal(server.refusal('FUSE_MKDIR', ROOT, u32(0o755), u32(0), cstring('dir')), 'EEXIST');
    assert.equal(server.refusal('FUSE_SYMLINK', ROOT, cstring('dir'), cstring('x')), 'EEXIST');
  });

  it('UNLINK and RMDIR take the name away', () => {
    const server = new Server();
    server.create('a');
    const directory = server.mkdir('dir');
    server.create('b', directory);
    server.answer('empty', 'FUSE_UNLINK', ROOT, cstring('a'));
    assert.ok(server.isAbsent('a'));
    assert.equal(server.refusal('FUSE_UNLINK', ROOT, cstring('a')), 'ENOENT');
    assert.equal(server.refusal('FUSE_RMDIR', ROOT, cstring('dir')), 'ENOTEMPTY');
    server.answer('empty', 'FUSE_UNLINK', directory, cstring('b'));
    server.answer('empty', 'FUSE_RMDIR', ROOT, cstring('dir'));
    assert.ok(server.isAbsent('dir'));
  });

  it('RENAME moves, into another directory and over another file', () => {
    const server = new Server();
    const { nodeid } = server.create('a');
    const directory = server.mkdir('dir');
    server.create('b', directory);
    server.answer('empty', 'FUSE_RENAME', ROOT, rename(directory, 'a', 'b'));
    assert.ok(server.isAbsent('a'));
    const [entry] = server.answer('entry', 'FUSE_LOOKUP', directory, cstring('b'));
    assert.equal(entry.nodeid, nodeid);
    assert.equal(server.refusal('FUSE_RENAME', ROOT, rename(directory, 'a', 'b')), 'ENOENT');
  });

  it('RENAME2 heeds its flags', () => {
    const server = new Server();
    const first = server.create('a').nodeid;
    const second = server.create('b').nodeid;
    const rename2 = (flags: number) => bytes(u64(ROOT), u32(flags), zeros(4), cstring('a'), cstring('b'));
    assert.equal(server.refusal('FUSE_RENAME2', ROOT, rename2(1)), 'EEXIST');
    server.answer('empty', 'FUSE_RENAME2', ROOT, rename2(2));
    assert.equal(server.answer('entry', 'FUSE_LOOKUP', ROOT, cstring('a'))[0].nodeid, second);
    assert.equal(server.answer('entry', 'FUSE_LOOKUP', ROOT, cstring('b'))[0].nodeid, first);
  });
});
