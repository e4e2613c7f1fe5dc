/** Golden replies and notifications; each in a dirty buffer that is larger, exact, and too small. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import type { NodeId, Unique } from '../../../src/base/branded.js';
import { Errno } from '../../../src/base/errno.js';
import { nameFromUtf8 } from '../../../src/protocol/name.js';
import * as notify from '../../../src/protocol/notify.js';
import * as reply from '../../../src/protocol/reply.js';
import * as replyAttr from '../../../src/protocol/reply-attr.js';
import * as replyDevice from '../../../src/protocol/reply-device.js';
import * as replyEntry from '../../../src/protocol/reply-entry.js';
import * as replyIo from '../../../src/protocol/reply-io.js';
import * as replySession from '../../../src/protocol/reply-session.js';
import { bytes, cstring, raw, s32, s64, u16, u32, u64, zeros } from '../../support/bytes.js';

// What allocUnsafe gives is dirty in earnest, so that padding which is not written shows.
mock.method(Buffer, 'allocUnsafe', (size: number) => Buffer.alloc(size, 0xee));

const unique = 0x8122_3344_5566_7788n as Unique;
const node = (id: number) => id as NodeId;
const name = nameFromUtf8('naïve');

const golden = (...payload: Uint8Array[]): Buffer => {
  const body = bytes(...payload);
  return bytes(u32(16 + body.length), s32(0), u64(unique), body); // len, error, unique
};
const goldenNotify = (code: number, ...payload: Uint8Array[]): Buffer => {
  const body = bytes(...payload);
  return bytes(u32(16 + body.length), s32(code), u64(0), body); // len, code, unique
};

const attr: replyAttr.Attr = {
  ino: 0x1f_ffff_ffff_ffff,
  size: 0x12_3456_789a,
  blocks: 17,
  atime: -1,
  mtime: 1_700_000_000,
  ctime: 4_300_000_000,
  atimensec: 1,
  mtimensec: 2,
  ctimensec: 999_999_999,
  mode: 0o100644,
  nlink: 3,
  uid: 4_294_967_294,
  gid: 5,
  rdev: 6,
  blksize: 4096,
  flags: 2,
};
const attrBytes = bytes(
  u64(0x1f_ffff_ffff_ffffn), // ino
  u64(0x12_3456_789a), // size
  u64(17), // blocks
  s64(-1), // atime
  s64(1_700_000_000), // mtime
  s64(4_300_000_000), // ctime
  u32(1), // atimensec
  u32(2), // mtimensec
  u32(999_999_999), // ctimensec
  u32(0o100644), // mode
  u32(3), // nlink
  u32(4_294_967_294), // uid
  u32(5), // gid
  u32(6), // rdev
  u32(4096), // blksize
  u32(2), // flags
);

const entry: replyEntry.EntryOut = {
  nodeid: node(0x1_0000_0002),
  generation: 7,
  entry_valid: 8,
  attr_valid: 9,
  entry_valid_nsec: 10,
  attr_valid_nsec: 11,
  attr,
};
const entryBytes = bytes(u64(0x1_0000_0002), u64(7), u64(8), u64(9), u32(10), u32(11), attrBytes);

const open: replyEntry.OpenOut = { fh: 0xf1f2_f3f4_f5f6_f7f8n, open_flags: 0x20, backing_id: -2 };
const openBytes = bytes(u64(0xf1f2_f3f4_f5f6_f7f8n), u32(0x20), s32(-2)); // fh, open_flags, backing_id

const statx: replyAttr.StatxOut = {
  attr_valid: 1,
  attr_valid_nsec: 2,
  stat: {
    mask: 0x7ff,
    blksize: 4096,
    attributes: 0x8000_0000_0000_0001n,
    nlink: 3,
    uid: 4,
    gid: 5,
    mode: 0o100644,
    ino: 6,
    size: 7,
    blocks: 8,
    attributes_mask: 9n,
    atime: { tv_sec: -10, tv_nsec: 11 },
    btime: { tv_sec: 12, tv_nsec: 13 },
    ctime: { tv_sec: 14, tv_nsec: 15 },
    mtime: { tv_sec: 16, tv_nsec: 17 },
    rdev_major: 18,
    rdev_minor: 19,
    dev_major: 20,
    dev_minor: 21,
  },
};
const statxBytes = bytes(
  u64(1), // attr_valid
  u32(2), // attr_valid_nsec
  zeros(4 + 16), // flags, spare
  u32(0x7ff), // mask
  u32(4096), // blksize
  u64(0x8000_0000_0000_0001n), // attributes
  u32(3), // nlink
  u32(4), // uid
  u32(5), // gid
  u16(0o100644), // mode
  zeros(2), // __spare0
  u64(6), // ino
  u64(7), // size
  u64(8), // blocks
  u64(9), // attributes_mask
  bytes(s64(-10), u32(11), zeros(4)), // atime
  bytes(s64(12), u32(13), zeros(4)), // btime
  bytes(s64(14), u32(15), zeros(4)), // ctime
  bytes(s64(16), u32(17), zeros(4)), // mtime
  u32(18), // rdev_major
  u32(19), // rdev_minor
  u32(20), // dev_major
  u32(21), // dev_minor
  zeros(14 * 8), // __spare2
);

const init: replySession.InitOut = {
  minor: 45,
  max_readahead: 131072,
  flags: (1n << 42n) | (1n << 30n) | (1n << 16n),
  max_background: 65535,
  congestion_threshold: 49151,
  max_write: 1048576,
  time_gran: 1,
  max_pages: 256,
  map_alignment: 21,
  max_stack_depth: 2,
  request_timeout: 60,
};
const initBytes = bytes(
  u32(7), // major
  u32(45), // minor
  u32(131072), // max_readahead
  u32((1 << 30) | (1 << 16)), // flags
  u16(65535), // max_background
  u16(49151), // congestion_threshold
  u32(1048576), // max_write
  u32(1), // time_gran
  u16(256), // max_pages
  u16(21), // map_alignment
  u32(1 << 10), // flags2
  u32(2), // max_stack_depth
  u16(60), // request_timeout
  zeros(22), // unused
);

const statfs = { blocks: 1, bfree: 2, bavail: 3, files: 4, ffree: 5, bsize: 6, namelen: 255, frsize: 512 };

const cases: readonly [string, Buffer, Buffer][] = [
  ['empty', reply.encodeEmpty(unique), golden()],
  ['error', reply.encodeError(unique, Errno.EIO), bytes(u32(16), s32(-5), u64(unique))],
  ['the last error', reply.encodeError(unique, 511), bytes(u32(16), s32(-511), u64(unique))],
  ['data', reply.encodeData(unique, raw('a\0b')), golden(raw('a\0b'))],
  [
    'attr',
    replyAttr.encodeAttr(unique, { attr_valid: 1, attr_valid_nsec: 2, attr }),
    golden(u64(1), u32(2), zeros(4), attrBytes),
  ],
  ['statx', replyAttr.encodeStatx(unique, statx), golden(statxBytes)],
  ['entry', replyEntry.encodeEntry(unique, entry), golden(entryBytes)],
  [
    'negative entry',
    replyEntry.encodeNegativeEntry(unique, 8, 10),
    golden(zeros(16), u64(8), zeros(8), u32(10), zeros(92)),
  ],
  ['create', replyEntry.encodeCreate(unique, entry, open), golden(entryBytes, openBytes)],
  ['open', replyIo.encodeOpen(unique, open), golden(openBytes)],
  ['write', replyIo.encodeWrite(unique, 0xffff_ffff), golden(u32(0xffff_ffff), zeros(4))],
  ['copy_file_range of 7.45', replyIo.encodeCopyFileRange(unique, 2 ** 40 + 1), golden(u64(2 ** 40 + 1))],
  ['lseek', replyIo.encodeLseek(unique, 2 ** 52 + 3), golden(u64(2 ** 52 + 3))],
  ['bmap', replyIo.encodeBmap(unique, 4), golden(u64(4))],
  [
    'lock',
    replyIo.encodeLock(unique, { start: 1n, end: 2n ** 63n - 1n, type: 2, pid: 3 }),
    golden(u64(1), u64(2n ** 63n - 1n), u32(2), u32(3)),
  ],
  ['ioctl', replyDevice.encodeIoctl(unique, -25, raw('out')), golden(s32(-25), zeros(12), raw('out'))],
  [
    'ioctl retry',
    replyDevice.encodeIoctlRetry(
      unique,
      [{ base: 2n ** 64n - 1n, len: 8 }],
      [
        { base: 1n, len: 2 },
        { base: 3n, len: 4 },
      ],
    ),
    golden(s32(0), u32(4), u32(1), u32(2), u64(2n ** 64n - 1n), u64(8), u64(1), u64(2), u64(3), u64(4)),
  ],
  ['poll', replyDevice.encodePoll(unique, 5), golden(u32(5), zeros(4))],
  ['init', replySession.encodeInit(unique, init), golden(initBytes)],
  [
    'init of 7.22',
    replySession.encodeInit(unique, { ...init, minor: 22 }),
    golden(u32(7), u32(22), initBytes.subarray(8, 24)),
  ],
  ['init of 7.4', replySession.encodeInit(unique, { ...init, minor: 4 }), golden(u32(7), u32(4))],
  [
    'init of 7.23',
    replySession.encodeInit(unique, { ...init, minor: 23 }),
    golden(u32(7), u32(23), initBytes.subarray(8)),
  ],
  [
    'init of 7.5',
    replySession.encodeInit(unique, { ...init, minor: 5 }),
    golden(u32(7), u32(5), initBytes.subarray(8, 24)),
  ],
  ['init for a later major', replySession.encodeInitMajor(unique), golden(u32(7), u32(45), zeros(56))],
  [
    'statfs',
    replySession.encodeStatfs(unique, statfs),
    golden(u64(1), u64(2), u64(3), u64(4), u64(5), u32(6), u32(255), u32(512), zeros(28)),
  ],
  ['xattr size', replySession.encodeXattrSize(unique, 77), golden(u32(77), zeros(4))],
  ['notify poll', notify.encodeNotifyPoll(2n ** 64n - 2n), goldenNotify(1, u64(2n ** 64n - 2n))],
  [
    'notify inval_inode',
    notify.encodeNotifyInvalInode(node(5), -1n, 4096n),
    goldenNotify(2, u64(5), s64(-1), s64(4096)),
  ],
  [
    'notify inval_entry',
    notify.encodeNotifyInvalEntry(node(5), name, 1),
    goldenNotify(3, u64(5), u32(6), u32(1), cstring('na\xc3\xafve')),
  ],
  [
    'notify store',
    notify.encodeNotifyStore(node(5), 4096, raw('page')),
    goldenNotify(4, u64(5), u64(4096), u32(4), zeros(4), raw('page')),
  ],
  [
    'notify retrieve',
    notify.encodeNotifyRetrieve(unique, node(5), 4096, 8192),
    goldenNotify(5, u64(unique), u64(5), u64(4096), u32(8192), zeros(4)),
  ],
  [
    'notify delete',
    notify.encodeNotifyDelete(node(5), node(6), name),
    goldenNotify(6, u64(5), u64(6), u32(6), zeros(4), cstring('na\xc3\xafve')),
  ],
  ['notify resend', notify.encodeNotifyResend(), goldenNotify(7)],
  ['notify inc_epoch', notify.encodeNotifyIncEpoch(), goldenNotify(8)],
  [
    'notify prune',
    notify.encodeNotifyPrune([node(5), node(6)]),
    goldenNotify(9, u32(2), zeros(12), u64(5), u64(6)),
  ],
];

describe('replies and notifications are, byte for byte', () => {
  for (const [title, encoded, expected] of cases) {
    it(title, () => assert.deepEqual(encoded, expected));
  }
});

describe('replies into a buffer of the caller', () => {
  const intoCases: readonly [string, (into: Buffer) => number, Buffer][] = [
    ['error', (into) => reply.encodeErrorInto(into, unique, 5), reply.encodeError(unique, 5)],
    ['empty', (into) => reply.encodeEmptyInto(into, unique), reply.encodeEmpty(unique)],
    ['write', (into) => replyIo.encodeWriteInto(into, unique, 9), replyIo.encodeWrite(unique, 9)],
    ['open', (into) => replyIo.encodeOpenInto(into, unique, open), replyIo.encodeOpen(unique, open)],
    [
      'entry',
      (into) => replyEntry.encodeEntryInto(into, unique, entry),
      replyEntry.encodeEntry(unique, entry),
    ],
    [
      'negative entry',
      (into) => replyEntry.encodeNegativeEntryInto(into, unique, 8, 10),
      replyEntry.encodeNegativeEntry(unique, 8, 10),
    ],
    [
      'create',
      (into) => replyEntry.encodeCreateInto(into, unique, entry, open),
      replyEntry.encodeCreate(unique, entry, open),
    ],
    ['statx', (into) => replyAttr.encodeStatxInto(into, unique, statx), replyAttr.encodeStatx(unique, statx)],
    [
      'attr',
      (into) => replyAttr.encodeAttrInto(into, unique, { attr_valid: 1, attr_valid_nsec: 2, attr }),
      replyAttr.encodeAttr(unique, { attr_valid: 1, attr_valid_nsec: 2, attr }),
    ],
  ];
  for (const [title, encodeInto, expected] of intoCases) {
    it(`${title}: returns its length and leaves the rest alone`, () => {
      const into = Buffer.alloc(512, 0xee);
      const length = encodeInto(into);
      assert.deepEqual(into.subarray(0, length), expected);
      assert.deepEqual(into.subarray(length), Buffer.alloc(512 - length, 0xee));
    });
    it(`${title}: refuses a buffer that is a byte short`, () => {
      const into = Buffer.alloc(expected.length - 1);
      assert.throws(() => encodeInto(into), { code: 'UNENCODABLE' });
    });
  }

  it('a READ header counts the data that follows from elsewhere', () => {
    const into = Buffer.alloc(16);
    assert.equal(reply.encodeReplyHeader(into, unique, 0, 1_048_576), 16);
    assert.deepEqual(into, bytes(u32(1_048_592), s32(0), u64(unique)));
  });
});

describe('what the kernel would not take is refused', () => {
  const write = (size: number) => () => replyIo.encodeWrite(unique, size);
  const withAttr = (wrong: Partial<replyAttr.Attr>) => () =>
    replyAttr.encodeAttr(unique, { attr_valid: 0, attr_valid_nsec: 0, attr: { ...attr, ...wrong } });
  const refused: readonly [string, () => unknown][] = [
    ['errno 512', () => reply.encodeError(unique, 512)],
    ['a negative errno', () => reply.encodeError(unique, -5)],
    ['an errno that is no number', () => reply.encodeError(unique, Number.NaN)],
    ['an error with data', () => reply.encodeReplyHeader(Buffer.alloc(16), unique, 5, 1)],
    ['a negative size', write(-1)],
    ['a size of 2^32', write(2 ** 32)],
    ['half a byte', write(0.5)],
    ['a file size of 2^53', withAttr({ size: 2 ** 53 })],
    ['a negative file size', withAttr({ size: -1 })],
    ['a time with a fraction', withAttr({ mtime: 1.5 })],
    ['a negative mode', withAttr({ mode: -1 })],
    ['an fh of 65 bits', () => replyIo.encodeOpen(unique, { ...open, fh: 2n ** 64n })],
    ['a negative fh', () => replyIo.encodeOpen(unique, { ...open, fh: -1n })],
    ['an offset of 64 bits', () => notify.encodeNotifyInvalInode(node(1), 2n ** 63n, 0n)],
    ['max_background of 2^16', () => replySession.encodeInit(unique, { ...init, max_background: 65536 })],
    ['flags2 without FUSE_INIT_EXT', () => replySession.encodeInit(unique, { ...init, flags: 1n << 32n })],
    ['257 iovecs', () => replyDevice.encodeIoctlRetry(unique, Array(257).fill({ base: 0n, len: 1 }), [])],
    ['an empty name', () => notify.encodeNotifyInvalEntry(node(1), nameFromUtf8(''), 0)],
  ];
  for (const [title, encode] of refused) {
    it(title, () => assert.throws(encode, { code: 'UNENCODABLE' }));
  }
});
