import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytes, s64, u32, u64, zeros } from '../../../support/bytes.js';
import { Server, writeArgs } from '../server.js';

const ROOT = 1;

/** struct fuse_setattr_in; what `valid` does not name is nonsense that must not count. */
function setattr(valid: number, given: Record<string, number> = {}): Buffer {
  const field = (name: string, otherwise: number) => given[name] ?? otherwise;
  return bytes(
    u32(valid),
    zeros(4),
    u64(0), // fh
    u64(field('size', 12345)),
    u64(0), // lock_owner
    s64(field('atime', 111)),
    s64(field('mtime', 222)),
    s64(field('ctime', 333)),
    u32(field('atimensec', 11)),
    u32(field('mtimensec', 22)),
    u32(field('ctimensec', 33)),
    u32(field('mode', 0o7)),
    zeros(4),
    u32(field('uid', 4711)),
    u32(field('gid', 4712)),
    zeros(4),
  );
}

function withFile() {
  const server = new Server({ attrTimeoutMs: 2500 });
  const { nodeid } = server.create('a');
  server.ask('FUSE_WRITE', nodeid, writeArgs(0, 'content'));
  const set = (valid: number, given?: Record<string, number>) =>
    server.answer('attr', 'FUSE_SETATTR', nodeid, setattr(valid, given))[0].attr;
  return { server, nodeid, set };
}

describe('handlers of attributes', () => {
  it('GETATTR answers them with how long they may be believed', () => {
    const { server, nodeid } = withFile();
    const [out] = server.answer('attr', 'FUSE_GETATTR', nodeid, zeros(16));
    assert.deepEqual([out.attr_valid, out.attr_valid_nsec], [2, 500_000_000]);
    assert.equal(out.attr.size, 7);
    assert.equal(out.attr.mode, 0o100644);
    assert.deepEqual([out.attr.uid, out.attr.gid], [1000, 100]);
    assert.deepEqual([out.attr.mtime, out.attr.mtimensec], [1_000_000, 5]);
    assert.equal(server.answer('attr', 'FUSE_GETATTR', ROOT, zeros(16))[0].attr.mode, 0o040755);
    assert.equal(server.refusal('FUSE_GETATTR', 999, zeros(16)), 'ESTALE');
  });

  it('SETATTR changes nothing without a flag for it', () => {
    const { server, nodeid, set } = withFile();
    const [before] = server.answer('attr', 'FUSE_GETATTR', nodeid, zeros(16));
    assert.deepEqual(set(0), before.attr);
  });

  const changes: readonly (readonly [string, number, Record<string, number>, Record<string, number>])[] = [
    ['mode', 1 << 0, { mode: 0o100600 }, { mode: 0o100600 }],
    ['uid', 1 << 1, { uid: 7 }, { uid: 7, gid: 100 }],
    ['gid', 1 << 2, { gid: 8 }, { uid: 1000, gid: 8 }],
    ['size', 1 << 3, { size: 3 }, { size: 3 }],
    ['atime', 1 << 4, { atime: -9, atimensec: 1 }, { atime: -9, atimensec: 1, mtime: 1_000_000 }],
    ['mtime', 1 << 5, { mtime: 9, mtimensec: 2 }, { mtime: 9, mtimensec: 2, atime: 1_000_000 }],
    ['atime now', (1 << 4) | (1 << 7), { atime: 9 }, { atime: 1_000_000, atimensec: 5 }],
    ['mtime now', (1 << 5) | (1 << 8), { mtime: 9 }, { mtime: 1_000_000, mtimensec: 5 }],
    ['ctime of the writeback cache', 1 << 10, { ctime: 77, ctimensec: 3 }, { ctime: 77, ctimensec: 3 }],
  ];
  for (const [name, valid, given, expected] of changes) {
    it(`SETATTR changes ${name} and nothing beside it`, () => {
      const { server, nodeid, set } = withFile();
      const [before] = server.answer('attr', 'FUSE_GETATTR', nodeid, zeros(16));
      const after = set(valid, given);
      const { ctime, ctimensec, blocks } = after;
      assert.deepEqual(after, { ...before.attr, ctime, ctimensec, blocks, ...expected });
    });
  }

  it('SETATTR drops set-id bits when told to', () => {
    const { set } = withFile();
    set(1 << 0, { mode: 0o106755 });
    assert.equal(set(1 << 11).mode, 0o100755);
  });

  it('SETATTR of what is not there', () => {
    assert.equal(withFile().server.refusal('FUSE_SETATTR', 999, setattr(1)), 'ESTALE');
  });

  it('STATFS counts what is used', () => {
    const { server } = withFile();
    const [statfs] = server.answer('statfs', 'FUSE_STATFS', ROOT);
    assert.equal(statfs.bsize, statfs.frsize);
    assert.equal(statfs.blocks * statfs.frsize, 1 << 26);
    assert.ok(statfs.bfree < statfs.blocks);
    assert.equal(statfs.bavail, statfs.bfree);
    assert.equal(statfs.files - statfs.ffree, server.store.statfs().files - server.store.statfs().filesFree);
    assert.ok(statfs.ffree < statfs.files);
    assert.equal(statfs.namelen, 255);
  });
});
