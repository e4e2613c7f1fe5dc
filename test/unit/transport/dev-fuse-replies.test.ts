import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { NodeId, Unique } from '../../../src/base/branded.js';
import { DirentBuilder } from '../../../src/protocol/dirent.js';
import type { ByteName } from '../../../src/protocol/name.js';
import { DevFuseReplies } from '../../../src/transport/dev-fuse-replies.js';
import { bytes, raw, s32, s64, u16, u32, u64, zeros } from '../../support/bytes.js';
import { SocketPair } from './socket-pair.js';

const unique = 0x1122_3344_5566_7788n as Unique;

/** struct fuse_out_header, and what belongs behind it. */
const reply = (error: number, ...parts: Buffer[]) => {
  const payload = bytes(...parts);
  return bytes(u32(16 + payload.length), s32(error), u64(unique), payload);
};

const attr = {
  ino: 0x1_0000_0001,
  size: 0x2_0000_0002,
  blocks: 3,
  atime: -4,
  mtime: 5,
  ctime: 0x6_0000_0006,
  atimensec: 7,
  mtimensec: 8,
  ctimensec: 9,
  mode: 0o100644,
  nlink: 11,
  uid: 12,
  gid: 13,
  rdev: 14,
  blksize: 4096,
  flags: 0,
};
/** struct fuse_attr */
const attrBytes = bytes(
  u64(attr.ino),
  u64(attr.size),
  u64(attr.blocks),
  s64(attr.atime),
  s64(attr.mtime),
  s64(attr.ctime),
  u32(attr.atimensec),
  u32(attr.mtimensec),
  u32(attr.ctimensec),
  u32(attr.mode),
  u32(attr.nlink),
  u32(attr.uid),
  u32(attr.gid),
  u32(attr.rdev),
  u32(attr.blksize),
  u32(attr.flags),
);
const entry = {
  nodeid: 0x1_0000_0001 as NodeId,
  generation: 21,
  entry_valid: 22,
  attr_valid: 23,
  entry_valid_nsec: 24,
  attr_valid_nsec: 25,
  attr,
};
/** struct fuse_entry_out */
const entryBytes = bytes(u64(entry.nodeid), u64(21), u64(22), u64(23), u32(24), u32(25), attrBytes);
const open = { fh: 0xf1f2_f3f4_f5f6_f7f8n, open_flags: 2, backing_id: 0 };
/** struct fuse_open_out */
const openBytes = bytes(u64(open.fh), u32(2), s32(0));

const cases: readonly (readonly [name: string, send: (replies: DevFuseReplies) => void, bytes: Buffer])[] = [
  ['error', (replies) => replies.error(unique, 28), reply(-28)],
  ['empty', (replies) => replies.empty(unique), reply(0)],
  [
    'init',
    (replies) =>
      replies.init(unique, {
        minor: 45,
        max_readahead: 131072,
        flags: 0x2_4000_0001n,
        max_background: 31,
        congestion_threshold: 32,
        max_write: 33,
        time_gran: 34,
        max_pages: 35,
        map_alignment: 36,
        max_stack_depth: 37,
        request_timeout: 38,
      }),
    reply(
      0,
      u32(7),
      u32(45),
      u32(131072),
      u32(0x4000_0001),
      u16(31),
      u16(32),
      u32(33),
      u32(34),
      u16(35),
      u16(36),
      u32(2), // flags2
      u32(37),
      u16(38),
      zeros(22),
    ),
  ],
  ['initMajor', (replies) => replies.initMajor(unique), reply(0, u32(7), u32(45), zeros(56))],
  ['entry', (replies) => replies.entry(unique, entry), reply(0, entryBytes)],
  [
    'negativeEntry',
    (replies) => replies.negativeEntry(unique, 61, 62),
    reply(0, zeros(16), u64(61), u64(0), u32(62), u32(0), zeros(88)),
  ],
  ['create', (replies) => replies.create(unique, entry, open), reply(0, entryBytes, openBytes)],
  [
    'attr',
    (replies) => replies.attr(unique, { attr_valid: 51, attr_valid_nsec: 52, attr }),
    reply(0, u64(51), u32(52), u32(0), attrBytes),
  ],
  ['open', (replies) => replies.open(unique, open), reply(0, openBytes)],
  ['write', (replies) => replies.write(unique, 1 << 20), reply(0, u32(1 << 20), u32(0))],
  ['data', (replies) => replies.data(unique, raw('target')), reply(0, raw('target'))],
  ['lseek', (replies) => replies.lseek(unique, 0x3_0000_0003), reply(0, u64(0x3_0000_0003))],
  [
    'copyFileRange64',
    (replies) => replies.copyFileRange64(unique, 0x3_0000_0003),
    reply(0, u64(0x3_0000_0003)),
  ],
  [
    'lock',
    (replies) => replies.lock(unique, { start: 41n, end: 2n ** 63n - 1n, type: 1, pid: 43 }),
    reply(0, u64(41), u64(2n ** 63n - 1n), u32(1), u32(43)),
  ],
  [
    'statfs',
    (replies) =>
      replies.statfs(unique, {
        blocks: 71,
        bfree: 72,
        bavail: 73,
        files: 74,
        ffree: 75,
        bsize: 76,
        namelen: 77,
        frsize: 78,
      }),
    reply(0, u64(71), u64(72), u64(73), u64(74), u64(75), u32(76), u32(77), u32(78), zeros(28)),
  ],
  ['xattrSize', (replies) => replies.xattrSize(unique, 81), reply(0, u32(81), u32(0))],
  [
    'directory',
    (replies) => {
      const entries = new DirentBuilder(4096);
      entries.add({ ino: 91, off: 92, type: 8, name: 'abc' as ByteName });
      replies.directory(unique, entries);
    },
    reply(0, u64(91), u64(92), u32(3), u32(8), raw('abc'), zeros(5)),
  ],
];

function server(t: TestContext) {
  const pair = new SocketPair(t);
  return { pair, replies: new DevFuseReplies(pair.fd) };
}

describe('DevFuseReplies', () => {
  for (const [name, send, expected] of cases) {
    test(`${name} is one message of exactly its bytes`, (t) => {
      const { pair, replies } = server(t);
      // A longer reply first: what it left in the buffer must not show through.
      replies.create(
        unique,
        { ...entry, attr: { ...attr, flags: 0xffff_ffff } },
        { ...open, backing_id: -1 },
      );
      pair.receive();
      send(replies);
      assert.deepEqual(pair.receive(), expected);
      assert.equal(pair.receive(), undefined, 'one write(2) and no more');
      assert.deepEqual(replies.counters, { sent: 2, refused: 0 });
    });
  }

  test('sends the bytes that were read into its buffer, and of them only as many as there are', (t) => {
    const { pair, replies } = server(t);
    const room = replies.readInto(4096);
    assert.equal(room.length, 4096);
    room.write('hello');
    replies.sendRead(unique, 5);
    assert.deepEqual(pair.receive(), reply(0, raw('hello')));
    replies.readInto(4096);
    replies.sendRead(unique, 0);
    assert.deepEqual(pair.receive(), reply(0), 'the end of the file');
  });

  test('makes room for a read that is larger than any before it', (t) => {
    const { pair, replies } = server(t);
    const size = (1 << 17) + 4096;
    replies.readInto(size).fill(0x5a);
    replies.sendRead(unique, size);
    assert.deepEqual(pair.receive(), reply(0, Buffer.alloc(size, 0x5a)));
  });

  test('counts what nobody waits for any more, and goes on', (t) => {
    const { pair, replies } = server(t);
    replies.empty(unique);
    pair.closePeer();
    // A Node process ignores SIGPIPE: write(2) answers EPIPE, as /dev/fuse answers ENOENT.
    replies.write(unique, 4096);
    replies.error(unique, 5);
    assert.deepEqual(replies.counters, { sent: 1, refused: 2 });
  });
});
