/** READDIR and READDIRPLUS payloads: golden records, padding, and the limit. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import type { NodeId, Unique } from '../../../src/base/branded.js';
import { DirentBuilder } from '../../../src/protocol/dirent.js';
import { nameFromUtf8 } from '../../../src/protocol/name.js';
import type { EntryOut } from '../../../src/protocol/reply-entry.js';
import { bytes, raw, s32, u32, u64, zeros } from '../../support/bytes.js';

// What allocUnsafe gives is dirty in earnest, so that padding which is not written shows.
mock.method(Buffer, 'allocUnsafe', (size: number) => Buffer.alloc(size, 0xee));

const unique = 5n as Unique;
const dirent = (name: string, off = 1) => ({ ino: 9, off, type: 8, name: nameFromUtf8(name) });
const entry: EntryOut = {
  nodeid: 2 as NodeId,
  generation: 3,
  entry_valid: 4,
  attr_valid: 5,
  entry_valid_nsec: 6,
  attr_valid_nsec: 7,
  attr: {
    ino: 9,
    size: 10,
    blocks: 11,
    atime: 12,
    mtime: 13,
    ctime: 14,
    atimensec: 15,
    mtimensec: 16,
    ctimensec: 17,
    mode: 0o100644,
    nlink: 18,
    uid: 19,
    gid: 20,
    rdev: 21,
    blksize: 22,
    flags: 1,
  },
};

/** ino, off, namelen, type, name and its padding */
const record = (name: string, padding: number, off = 1) =>
  bytes(u64(9), u64(off), u32(name.length), u32(8), raw(name), zeros(padding));
const reply = (...records: Buffer[]) => {
  const payload = bytes(...records);
  return bytes(u32(16 + payload.length), s32(0), u64(5), payload);
};

describe('DirentBuilder', () => {
  it('without entries says that the directory ends', () => {
    assert.deepEqual(new DirentBuilder(4096).finish(unique), reply());
  });

  it('pads each record to 8 bytes, and not at all where it fits', () => {
    const builder = new DirentBuilder(4096);
    assert.ok(builder.add(dirent('a', 1)));
    assert.ok(builder.add(dirent('eight678', 2)));
    assert.ok(builder.add(dirent('é', 3)));
    assert.deepEqual(
      builder.finish(unique),
      reply(record('a', 7, 1), record('eight678', 0, 2), record('\xc3\xa9', 6, 3)),
    );
  });

  it('takes a record that fits exactly, and leaves out one that does not', () => {
    const builder = new DirentBuilder(64);
    assert.ok(builder.add(dirent('a')));
    assert.ok(!builder.add(dirent('nine bytes')));
    assert.ok(builder.add(dirent('eight678')));
    assert.ok(!builder.add(dirent('b')));
    assert.deepEqual(builder.finish(unique), reply(record('a', 7), record('eight678', 0)));
  });

  it('puts the entry ahead of the record for READDIRPLUS', () => {
    const builder = new DirentBuilder(4096);
    assert.ok(builder.addPlus(undefined, dirent('.')));
    assert.ok(builder.addPlus(entry, dirent('file')));
    const entryBytes = bytes(
      u64(2), // nodeid
      u64(3), // generation
      u64(4), // entry_valid
      u64(5), // attr_valid
      u32(6), // entry_valid_nsec
      u32(7), // attr_valid_nsec
      ...[9, 10, 11, 12, 13, 14].map(u64), // ino ... ctime
      ...[15, 16, 17, 0o100644, 18, 19, 20, 21, 22, 1].map(u32), // atimensec ... flags
    );
    assert.deepEqual(
      builder.finish(unique),
      reply(zeros(128), record('.', 7), entryBytes, record('file', 4)),
    );
  });

  it('counts the entry against the limit', () => {
    assert.ok(!new DirentBuilder(159).addPlus(entry, dirent('a')));
    assert.ok(new DirentBuilder(160).addPlus(entry, dirent('a')));
  });

  for (const name of ['', 'a/b', 'n'.repeat(4096)]) {
    it(`refuses a name for which the kernel would fail with EIO: ${name.length} bytes`, () => {
      assert.throws(() => new DirentBuilder(8192).add(dirent(name)), { code: 'UNENCODABLE' });
    });
  }
});
