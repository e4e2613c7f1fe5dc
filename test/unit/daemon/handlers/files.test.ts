import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytes, cstring, u32, u64, zeros } from '../../../support/bytes.js';
import { createArgs, lockArgs, readArgs, Server, writeArgs } from '../server.js';

const ROOT = 1;
const O_RDWR = 0o2;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const FOPEN_KEEP_CACHE = 2;
const FOPEN_NOFLUSH = 32;

const openArgs = (flags = O_RDWR, openFlags = 0) => bytes(u32(flags), u32(openFlags));
const releaseArgs = (fh: bigint, releaseFlags = 0, owner = 0) =>
  bytes(u64(fh), u32(O_RDWR), u32(releaseFlags), u64(owner));
const copyArgs = (offset: number, to: number, toOffset: number, length: bigint) =>
  bytes(u64(0), u64(offset), u64(to), u64(0), u64(toOffset), u64(length), u64(0));

function withFile(content = '') {
  const server = new Server();
  const { nodeid, fh } = server.create('file');
  if (content !== '') server.answer('write', 'FUSE_WRITE', nodeid, writeArgs(0, content));
  return { server, nodeid, fh };
}

describe('handlers of files', () => {
  it('CREATE makes and opens in one; RELEASE and FORGET undo both', () => {
    const server = new Server();
    const [entry, open] = server.answer('create', 'FUSE_CREATE', ROOT, createArgs('a', O_RDWR, 0o640));
    assert.equal(entry.attr.mode, 0o100640);
    assert.equal(open.open_flags, FOPEN_KEEP_CACHE);
    assert.deepEqual(
      [server.counters.nrInodes, server.counters.nrLookups, server.counters.nrOpen],
      [1, 1, 1],
    );
    server.answer('empty', 'FUSE_RELEASE', entry.nodeid, releaseArgs(open.fh));
    assert.equal(server.counters.nrOpen, 0);
    server.receive('FUSE_FORGET', { nodeid: entry.nodeid }, u64(1));
    assert.equal(server.counters.nrLookups, 0);
    assert.deepEqual(server.replies.take(), [], 'FORGET has no reply');
    assert.equal(server.refusal('FUSE_RELEASE', entry.nodeid, releaseArgs(open.fh)), 'EBADF');
  });

  it('CREATE opens what somebody made meanwhile, unless it must be new', () => {
    const { server, nodeid } = withFile('content');
    assert.equal(server.create('file').nodeid, nodeid);
    assert.equal(server.read(nodeid), 'content');
    assert.equal(server.refusal('FUSE_CREATE', ROOT, createArgs('file', O_RDWR | O_EXCL)), 'EEXIST');
    const [entry] = server.answer('create', 'FUSE_CREATE', ROOT, createArgs('file', O_RDWR | O_TRUNC));
    assert.equal(entry.attr.size, 0);
    assert.equal(server.read(nodeid), '');
  });

  it('CREATE does not open a directory', () => {
    const server = new Server();
    server.mkdir('dir');
    assert.equal(server.refusal('FUSE_CREATE', ROOT, createArgs('dir')), 'EISDIR');
    assert.deepEqual([server.counters.nrLookups, server.counters.nrOpen], [1, 0]);
  });

  it('TMPFILE is open and without a name', () => {
    const server = new Server();
    const args = bytes(u32(O_RDWR), u32(0o600), u32(0), u32(0), cstring('/'));
    const [entry, open] = server.answer('create', 'FUSE_TMPFILE', ROOT, args);
    assert.equal(entry.attr.nlink, 0);
    assert.equal(entry.attr.mode, 0o100600);
    assert.equal(server.store.pathOf(entry.nodeid), undefined);
    server.answer('empty', 'FUSE_RELEASE', entry.nodeid, releaseArgs(open.fh));
    server.receive('FUSE_FORGET', { nodeid: entry.nodeid }, u64(1));
    assert.equal(server.counters.nrInodes, 0);
  });

  it('OPEN keeps what the kernel has cached, and truncates when asked', () => {
    const { server, nodeid } = withFile('content');
    const [open] = server.answer('open', 'FUSE_OPEN', nodeid, openArgs());
    assert.equal(open.open_flags, FOPEN_KEEP_CACHE);
    assert.equal(server.read(nodeid), 'content');
    server.answer('open', 'FUSE_OPEN', nodeid, openArgs(O_RDWR | O_TRUNC));
    assert.equal(server.read(nodeid), '');
    assert.equal(server.refusal('FUSE_OPEN', 999, openArgs()), 'ESTALE');
    assert.equal(server.refusal('FUSE_OPEN', 999, openArgs(O_TRUNC)), 'ESTALE');
    assert.equal(server.refusal('FUSE_OPEN', ROOT, openArgs()), 'EISDIR');
  });

  it('OPEN drops set-id bits when it truncates and is told to', () => {
    const { server, nodeid } = withFile('content');
    server.store.setattr(nodeid, { mode: 0o104755 });
    server.answer('open', 'FUSE_OPEN', nodeid, openArgs(O_RDWR | O_TRUNC, 0));
    assert.equal(server.answer('attr', 'FUSE_GETATTR', nodeid, zeros(16))[0].attr.mode, 0o104755);
    server.answer('open', 'FUSE_OPEN', nodeid, openArgs(O_RDWR | O_TRUNC, 1));
    assert.equal(server.answer('attr', 'FUSE_GETATTR', nodeid, zeros(16))[0].attr.mode, 0o100755);
  });

  it('OPEN says that close(2) need not wait, where the configuration does', () => {
    const server = new Server({ noFlush: true });
    const [entry, open] = server.answer('create', 'FUSE_CREATE', ROOT, createArgs('a'));
    assert.equal(open.open_flags, FOPEN_KEEP_CACHE | FOPEN_NOFLUSH);
    const [again] = server.answer('open', 'FUSE_OPEN', entry.nodeid, openArgs());
    assert.equal(again.open_flags, FOPEN_KEEP_CACHE | FOPEN_NOFLUSH);
  });

  it('WRITE and READ move bytes; a read ends with the file', () => {
    const { server, nodeid } = withFile();
    assert.deepEqual(server.answer('write', 'FUSE_WRITE', nodeid, writeArgs(4, 'abcd')), [4]);
    assert.deepEqual(server.answer('read', 'FUSE_READ', nodeid, readArgs(0n, 2, 4)), ['\0\0ab']);
    assert.deepEqual(server.answer('read', 'FUSE_READ', nodeid, readArgs(0n, 6, 100)), ['cd']);
    assert.deepEqual(server.answer('read', 'FUSE_READ', nodeid, readArgs(0n, 8, 100)), ['']);
    assert.equal(server.refusal('FUSE_READ', 999, readArgs(0n, 0, 1)), 'ESTALE');
    assert.equal(server.refusal('FUSE_WRITE', 999, writeArgs(0, 'a')), 'ESTALE');
  });

  it('WRITE drops set-id bits when told to', () => {
    const { server, nodeid } = withFile();
    const mode = () => server.answer('attr', 'FUSE_GETATTR', nodeid, zeros(16))[0].attr.mode;
    server.store.setattr(nodeid, { mode: 0o104755 });
    server.ask('FUSE_WRITE', nodeid, writeArgs(0, 'a', 1));
    assert.equal(mode(), 0o104755);
    server.ask('FUSE_WRITE', nodeid, writeArgs(0, 'a', 4));
    assert.equal(mode(), 0o100755);
  });

  it('WRITE is refused when the store is full', () => {
    const server = new Server({}, 1 << 20);
    const { nodeid } = server.create('a');
    const chunk = Buffer.alloc(1 << 19, 1);
    let offset = 0;
    for (; offset < 1 << 22; offset += chunk.length) {
      const [kind, , word] = server.ask('FUSE_WRITE', nodeid, writeArgs(offset, chunk));
      if (kind === 'write' && word === chunk.length) continue;
      if (kind === 'error') break;
    }
    assert.equal(server.refusal('FUSE_WRITE', nodeid, writeArgs(offset, chunk)), 'ENOSPC');
  });

  it('FSYNC succeeds; so does FLUSH, which drops the record locks of its owner only', () => {
    const { server, nodeid } = withFile();
    server.answer('empty', 'FUSE_FSYNC', nodeid, bytes(u64(0), u32(0), zeros(4)));
    server.answer('empty', 'FUSE_SETLK', nodeid, lockArgs(1, 1, 0n, 9n));
    server.answer('empty', 'FUSE_SETLK', nodeid, lockArgs(2, 1, 10n, 19n));
    server.answer('empty', 'FUSE_FLUSH', nodeid, bytes(u64(0), zeros(8), u64(1)));
    assert.equal(server.counters.nrLocks, 1);
    assert.equal(server.refusal('FUSE_SETLK', nodeid, lockArgs(3, 1, 10n, 19n)), 'EAGAIN');
  });

  it('RELEASE drops the flock of its owner when it is told to', () => {
    const { server, nodeid, fh } = withFile();
    const second = server.create('file').fh;
    const flock = (owner: number) => lockArgs(owner, 1, 0n, 0n, 1);
    server.answer('empty', 'FUSE_SETLK', nodeid, flock(7));
    server.answer('empty', 'FUSE_RELEASE', nodeid, releaseArgs(fh, 0, 7));
    assert.equal(server.refusal('FUSE_SETLK', nodeid, flock(8)), 'EAGAIN');
    server.answer('empty', 'FUSE_RELEASE', nodeid, releaseArgs(second, 2, 7));
    server.answer('empty', 'FUSE_SETLK', nodeid, flock(8));
  });

  it('FALLOCATE allocates and punches holes, which LSEEK finds', () => {
    const { server, nodeid } = withFile('x'.repeat(1 << 18));
    const fallocate = (mode: number, offset: number, length: number) =>
      bytes(u64(0), u64(offset), u64(length), u32(mode), zeros(4));
    const seek = (offset: number, whence: number) => bytes(u64(0), u64(offset), u32(whence), zeros(4));
    server.answer('empty', 'FUSE_FALLOCATE', nodeid, fallocate(0, 0, (1 << 18) + 5));
    assert.equal(server.answer('attr', 'FUSE_GETATTR', nodeid, zeros(16))[0].attr.size, (1 << 18) + 5);
    const [end] = server.answer('lseek', 'FUSE_LSEEK', nodeid, seek(0, 4));
    assert.ok(end > 0 && end <= (1 << 18) + 5);
    assert.deepEqual(server.answer('lseek', 'FUSE_LSEEK', nodeid, seek(0, 3)), [0]);
    server.answer('empty', 'FUSE_FALLOCATE', nodeid, fallocate(3, 0, 1 << 17));
    assert.equal(server.read(nodeid, 0, 4), '\0\0\0\0');
    assert.equal(server.refusal('FUSE_FALLOCATE', nodeid, fallocate(0x8000, 0, 1)), 'EOPNOTSUPP');
    assert.equal(server.refusal('FUSE_LSEEK', nodeid, seek(1 << 30, 3)), 'ENXIO');
  });

  it('COPY_FILE_RANGE copies as much as there is, and answers in the form of its opcode', () => {
    const { server, nodeid } = withFile('0123456789');
    const to = server.create('to').nodeid;
    assert.deepEqual(server.answer('write', 'FUSE_COPY_FILE_RANGE', nodeid, copyArgs(2, to, 1, 3n)), [3]);
    assert.equal(server.read(to), '\x00234');
    const everything = copyArgs(0, to, 0, 0xffff_ffff_ffff_ffffn);
    assert.deepEqual(server.answer('copyFileRange64', 'FUSE_COPY_FILE_RANGE_64', nodeid, everything), [10]);
    assert.equal(server.read(to), '0123456789');
    for (const opcode of ['FUSE_COPY_FILE_RANGE', 'FUSE_COPY_FILE_RANGE_64'] as const) {
      assert.equal(server.refusal(opcode, nodeid, copyArgs(0, 999, 0, 1n)), 'ESTALE');
    }
  });
});
