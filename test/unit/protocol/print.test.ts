/** Replies and notifications as text. What requests print is in the request-cases files. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeId, Unique } from '../../../src/base/branded.js';
import { Fattr, flagNames } from '../../../src/protocol/flags.js';
import { initFlagNames } from '../../../src/protocol/init-flags.js';
import { encodeNotifyPrune } from '../../../src/protocol/notify.js';
import { Opcode } from '../../../src/protocol/opcode.js';
import { printReply } from '../../../src/protocol/print.js';
import { encodeData, encodeEmpty, encodeError, encodeReplyHeader } from '../../../src/protocol/reply.js';
import { encodeAttr } from '../../../src/protocol/reply-attr.js';
import { encodeCreate, encodeEntry, encodeNegativeEntry } from '../../../src/protocol/reply-entry.js';
import { encodeOpen, encodeWrite } from '../../../src/protocol/reply-io.js';
import { encodeInit } from '../../../src/protocol/reply-session.js';

const unique = 7n as Unique;
const attr = {
  ino: 2,
  size: 4096,
  blocks: 8,
  atime: 0,
  mtime: 0,
  ctime: 0,
  atimensec: 0,
  mtimensec: 0,
  ctimensec: 0,
  mode: 0o100644,
  nlink: 1,
  uid: 0,
  gid: 0,
  rdev: 0,
  blksize: 4096,
  flags: 0,
};
const entry = {
  nodeid: 3 as NodeId,
  generation: 0,
  entry_valid: 1,
  attr_valid: 1,
  entry_valid_nsec: 0,
  attr_valid_nsec: 0,
  attr,
};
const open = { fh: 5n, open_flags: 0x21, backing_id: 0 };
const init = {
  minor: 45,
  max_readahead: 0,
  flags: (1n << 30n) | (1n << 35n),
  max_background: 12,
  congestion_threshold: 9,
  max_write: 1048576,
  time_gran: 1,
  max_pages: 256,
  map_alignment: 0,
  max_stack_depth: 0,
  request_timeout: 0,
};
const attrText = 'ino=2 size=4096 mode=0100644 nlink=1';
const openText = 'fh=5 open_flags=FOPEN_DIRECT_IO|FOPEN_NOFLUSH';

const readHeader = Buffer.alloc(16);
encodeReplyHeader(readHeader, unique, 0, 4096);

describe('printReply', () => {
  const cases: readonly [Buffer, Opcode | undefined, string][] = [
    [encodeEmpty(unique), Opcode.FUSE_RELEASE, 'FUSE_RELEASE reply unique=7'],
    [encodeError(unique, 5), Opcode.FUSE_WRITE, 'FUSE_WRITE reply unique=7 error=-EIO'],
    [encodeError(unique, 5), undefined, 'reply unique=7 error=-EIO'],
    [encodeData(unique, Buffer.alloc(9)), undefined, 'reply unique=7 size=9'],
    [readHeader, Opcode.FUSE_READ, 'FUSE_READ reply unique=7 size=4096'],
    [encodeWrite(unique, 4096), Opcode.FUSE_WRITE, 'FUSE_WRITE reply unique=7 size=4096'],
    [encodeEntry(unique, entry), Opcode.FUSE_LOOKUP, `FUSE_LOOKUP reply unique=7 nodeid=3 ${attrText}`],
    [encodeNegativeEntry(unique, 1, 0), Opcode.FUSE_LOOKUP, 'FUSE_LOOKUP reply unique=7 nodeid=0'],
    [
      encodeCreate(unique, entry, open),
      Opcode.FUSE_CREATE,
      `FUSE_CREATE reply unique=7 nodeid=3 ${attrText} ${openText}`,
    ],
    [
      encodeAttr(unique, { attr_valid: 1, attr_valid_nsec: 0, attr }),
      Opcode.FUSE_GETATTR,
      `FUSE_GETATTR reply unique=7 ${attrText}`,
    ],
    [encodeOpen(unique, open), Opcode.FUSE_OPEN, `FUSE_OPEN reply unique=7 ${openText}`],
    [
      encodeInit(unique, init),
      Opcode.FUSE_INIT,
      'FUSE_INIT reply unique=7 major=7 minor=45 max_readahead=0 max_background=12 congestion_threshold=9 ' +
        'max_write=1048576 max_pages=256 flags=FUSE_INIT_EXT|FUSE_HAS_EXPIRE_ONLY',
    ],
    [encodeNotifyPrune([1 as NodeId]), undefined, 'FUSE_NOTIFY_PRUNE size=24'],
  ];
  for (const [encoded, opcode, text] of cases) {
    it(text, () => assert.equal(printReply(encoded, opcode), text));
  }

  it('refuses what is shorter than a header', () => {
    assert.throws(() => printReply(Buffer.alloc(15)), { code: 'TRUNCATED' });
  });
});

describe('flags by name', () => {
  it('keeps bits without a name, the highest included', () => {
    assert.equal(flagNames(Fattr, 0x8000_1001 | 0), 'FATTR_MODE|0x80001000');
    assert.equal(initFlagNames((1n << 63n) | 1n), 'FUSE_ASYNC_READ|0x8000000000000000');
  });

  it('says 0 for none', () => {
    assert.equal(flagNames(Fattr, 0), '0');
    assert.equal(initFlagNames(0n), '0');
  });
});
