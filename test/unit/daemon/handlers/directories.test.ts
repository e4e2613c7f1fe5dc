import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytes, u32, u64, zeros } from '../../../support/bytes.js';
import { listedEntries } from '../recording-replies.js';
import { readArgs, Server } from '../server.js';

const ROOT = 1;
const DT_DIR = 4;
const DT_REG = 8;

function withTree() {
  const server = new Server();
  const file = server.create('file').nodeid;
  const directory = server.mkdir('dir');
  const [{ fh }] = server.answer('open', 'FUSE_OPENDIR', ROOT, bytes(u32(0), u32(0)));
  const list = (plus: boolean, offset = 0, size = 4096) => {
    const opcode = plus ? 'FUSE_READDIRPLUS' : 'FUSE_READDIR';
    return listedEntries(server.answer('directory', opcode, ROOT, readArgs(fh, offset, size))[0], plus);
  };
  return { server, file, directory, fh, list };
}

describe('handlers of directories', () => {
  it('READDIR lists names, node ids and types, and remembers nothing', () => {
    const { server, file, directory, list } = withTree();
    const before = server.counters.nrLookups;
    assert.deepEqual(
      list(false)
        .map(({ name, ino, type }) => [name, ino, type])
        .sort(),
      [
        ['.', ROOT, DT_DIR],
        ['..', ROOT, DT_DIR],
        ['dir', directory, DT_DIR],
        ['file', file, DT_REG],
      ],
    );
    assert.equal(server.counters.nrLookups, before);
  });

  it('READDIR goes on behind the last entry that there was room for, until there is none', () => {
    const { list } = withTree();
    const names: string[] = [];
    let offset = 0;
    for (;;) {
      const entries = list(false, offset, 40);
      const last = entries.at(-1);
      if (last === undefined) break;
      assert.equal(entries.length, 1, 'there is room for one');
      names.push(...entries.map(({ name }) => name));
      offset = last.off;
    }
    assert.deepEqual(names.sort(), ['.', '..', 'dir', 'file']);
  });

  it('READDIRPLUS remembers each entry that it gives, "." and ".." not among them', () => {
    const { server, file, directory, list } = withTree();
    const before = server.counters.nrLookups;
    const entries = list(true).map(({ name, nodeid, ino }) => [name, nodeid, ino]);
    assert.deepEqual(entries.sort(), [
      ['.', 0, ROOT],
      ['..', 0, ROOT],
      ['dir', directory, directory],
      ['file', file, file],
    ]);
    assert.equal(server.counters.nrLookups, before + 2);
  });

  it('READDIRPLUS does not remember an entry that there was no room for', () => {
    const { server, list } = withTree();
    const before = server.counters.nrLookups;
    const size = 3 * 160;
    const given = list(true, 0, size).filter(({ nodeid }) => nodeid !== 0);
    assert.ok(given.length < 2, 'the listing is cut');
    assert.equal(server.counters.nrLookups, before + given.length);
  });

  it('RELEASEDIR ends it, FSYNCDIR succeeds', () => {
    const { server, fh } = withTree();
    const release = bytes(u64(fh), u32(0), u32(0), u64(0));
    const open = server.counters.nrOpen;
    server.answer('empty', 'FUSE_FSYNCDIR', ROOT, bytes(u64(fh), u32(0), zeros(4)));
    server.answer('empty', 'FUSE_RELEASEDIR', ROOT, release);
    assert.equal(server.counters.nrOpen, open - 1);
    for (const opcode of ['FUSE_READDIR', 'FUSE_READDIRPLUS'] as const) {
      assert.equal(server.refusal(opcode, ROOT, readArgs(fh, 0, 4096)), 'EBADF');
    }
    assert.equal(server.refusal('FUSE_RELEASEDIR', ROOT, release), 'EBADF');
  });

  it('OPENDIR of what is no directory', () => {
    const { server, file } = withTree();
    assert.equal(server.refusal('FUSE_OPENDIR', file, bytes(u32(0), u32(0))), 'ENOTDIR');
  });
});
