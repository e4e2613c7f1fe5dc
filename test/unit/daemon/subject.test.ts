import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { subjectOf } from '../../../src/daemon/subject.js';
import type { OpcodeName } from '../../../src/protocol/opcode.js';
import { decodeRequest } from '../../../src/protocol/request.js';
import { bytes, cstring, u32, u64, zeros } from '../../support/bytes.js';
import { fuseMessage, type MessageHeader } from '../../support/fuse-message.js';
import { createArgs, lockArgs, readArgs, writeArgs } from './server.js';

const paths = new Map([
  [1, '/'],
  [5, '/dir'],
  [6, '/dir/file'],
]);

function subject(opcode: OpcodeName, header: MessageHeader, ...args: Buffer[]) {
  return subjectOf(decodeRequest(fuseMessage(opcode, header, ...args)), 0, (nodeid) => paths.get(nodeid));
}

const copy = bytes(u64(1), u64(4096), u64(9), u64(2), u64(0), u64(8192), u64(0));

describe('subjectOf', () => {
  it('carries over who asks for what', () => {
    const { opcode, unique, nodeid, pid } = subject(
      'FUSE_READ',
      { unique: 8, nodeid: 6, pid: 42 },
      readArgs(1n, 0, 1),
    );
    assert.deepEqual({ opcode, unique, nodeid, pid }, { opcode: 15, unique: 8n, nodeid: 6, pid: 42 });
  });

  const named: readonly (readonly [OpcodeName, Buffer])[] = [
    ['FUSE_LOOKUP', cstring('new')],
    ['FUSE_UNLINK', cstring('new')],
    ['FUSE_RMDIR', cstring('new')],
    ['FUSE_MKNOD', bytes(u32(0o100644), u32(0), u32(0), zeros(4), cstring('new'))],
    ['FUSE_MKDIR', bytes(u32(0o755), u32(0), cstring('new'))],
    ['FUSE_SYMLINK', bytes(cstring('new'), cstring('target'))],
    ['FUSE_CREATE', createArgs('new')],
    ['FUSE_LINK', bytes(u64(6), cstring('new'))],
    ['FUSE_RENAME', bytes(u64(1), cstring('new'), cstring('other'))],
    ['FUSE_RENAME2', bytes(u64(1), u32(0), zeros(4), cstring('new'), cstring('other'))],
  ];
  for (const [opcode, args] of named) {
    it(`${opcode} is about the entry that it names`, () => {
      assert.equal(subject(opcode, { nodeid: 5 }, args).path(), '/dir/new');
      assert.equal(subject(opcode, { nodeid: 1 }, args).path(), '/new', 'no second slash at the root');
      assert.equal(subject(opcode, { nodeid: 99 }, args).path(), undefined, 'of a directory without a name');
    });
  }

  it('shows a name that is not text as people see it everywhere else', () => {
    assert.equal(subject('FUSE_LOOKUP', { nodeid: 1 }, cstring('a\xff')).path(), '/a\\xff');
    assert.equal(subject('FUSE_LOOKUP', { nodeid: 1 }, cstring('\xc3\xa9')).path(), '/\u00e9');
  });

  const ranged: readonly (readonly [OpcodeName, Buffer, number, number])[] = [
    ['FUSE_READ', readArgs(1n, 8192, 4096), 8192, 4096],
    ['FUSE_WRITE', writeArgs(8192, 'abc'), 8192, 3],
    ['FUSE_FALLOCATE', bytes(u64(1), u64(4096), u64(0x1_0000_0000), u32(0), zeros(4)), 4096, 0x1_0000_0000],
    ['FUSE_LSEEK', bytes(u64(1), u64(4096), u32(3), zeros(4)), 4096, 0],
    ['FUSE_COPY_FILE_RANGE', copy, 4096, 8192],
    ['FUSE_COPY_FILE_RANGE_64', copy, 4096, 8192],
  ];
  for (const [opcode, args, offset, size] of ranged) {
    it(`${opcode} is about bytes of the file`, () => {
      const found = subject(opcode, { nodeid: 6 }, args);
      assert.deepEqual([found.offset, found.size, found.path()], [offset, size, '/dir/file']);
    });
  }

  const plain: readonly (readonly [OpcodeName, Buffer])[] = [
    ['FUSE_GETATTR', zeros(16)],
    ['FUSE_OPEN', bytes(u32(0), u32(0))],
    ['FUSE_FLUSH', zeros(24)],
    // Its offset is a cookie, not a place in a file.
    ['FUSE_READDIR', readArgs(1n, 7, 4096)],
    ['FUSE_READDIRPLUS', readArgs(1n, 7, 4096)],
    // Locks have ranges, but of no bytes that are moved.
    ['FUSE_SETLK', lockArgs(1, 1, 0n, 9n)],
  ];
  for (const [opcode, args] of plain) {
    it(`${opcode} is about the node as a whole`, () => {
      const found = subject(opcode, { nodeid: 6 }, args);
      assert.deepEqual([found.offset, found.size, found.path()], [undefined, undefined, '/dir/file']);
    });
  }

  it('does not look for a path before it is asked', () => {
    const message = fuseMessage('FUSE_GETATTR', {}, zeros(16));
    const lazy = subjectOf(decodeRequest(message), 0, () => assert.fail('looked for the path'));
    assert.throws(() => lazy.path(), /looked for the path/);
  });
});
