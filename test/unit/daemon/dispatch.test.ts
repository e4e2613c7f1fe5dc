import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Opcode, type OpcodeName } from '../../../src/protocol/opcode.js';
import { decodeRequest } from '../../../src/protocol/request.js';
import { bytes, cstring, raw, u32, u64, zeros } from '../../support/bytes.js';
import { fuseMessage } from '../../support/fuse-message.js';
import { Server } from './server.js';

const ROOT = 1;
const init = (major: number, minor: number, flags = 0) =>
  bytes(u32(major), u32(minor), u32(131072), u32(flags));
const FUSE_WRITEBACK_CACHE = 1 << 16;
const FUSE_MAX_PAGES = 1 << 22;
const FUSE_SETXATTR_EXT = 1 << 29;

describe('Dispatch', () => {
  it('agrees with the kernel at INIT, says so once, and shows it in its status', () => {
    const server = new Server({ maxPages: 64, maxBackground: 12 });
    assert.equal(server.dispatch.protocolStatus().major, 0);
    const flags = FUSE_WRITEBACK_CACHE | FUSE_MAX_PAGES;
    const [out] = server.answer('init', 'FUSE_INIT', 0, init(7, 40, flags));
    assert.deepEqual(out, {
      minor: 40,
      max_readahead: 131072,
      flags: BigInt(flags),
      max_background: 12,
      congestion_threshold: 12,
      max_write: 64 * 4096,
      time_gran: 1,
      max_pages: 64,
      map_alignment: 0,
      max_stack_depth: 0,
      request_timeout: 0,
    });
    assert.equal(server.initialised, 1);
    assert.deepEqual(server.dispatch.protocolStatus(), {
      major: 7,
      minor: 40,
      flags: ['FUSE_WRITEBACK_CACHE', 'FUSE_MAX_PAGES'],
      maxWriteBytes: 64 * 4096,
      maxPages: 64,
      maxBackground: 12,
      congestionThreshold: 12,
      maxReadaheadBytes: 131072,
    });
  });

  it('tells a kernel of a later major version its own, and waits to be asked again', () => {
    const server = new Server();
    server.answer('initMajor', 'FUSE_INIT', 0, init(8, 0));
    assert.equal(server.initialised, 0);
    server.answer('init', 'FUSE_INIT', 0, init(7, 45));
    assert.equal(server.initialised, 1);
  });

  it('refuses a kernel that is too old, and says which it is', () => {
    const server = new Server();
    assert.equal(server.refusal('FUSE_INIT', 0, init(7, 30)), 'EPROTO');
    assert.equal(server.initialised, 0);
    assert.match(server.log.join(), /error: .*7\.30/);
  });

  it('reads requests in the form that INIT agreed on', () => {
    const server = new Server();
    const { nodeid } = server.create('a');
    server.ask('FUSE_INIT', 0, init(7, 45, FUSE_SETXATTR_EXT));
    const extended = bytes(u32(1), u32(0), u32(0), zeros(4), cstring('user.a'), raw('x'));
    server.answer('empty', 'FUSE_SETXATTR', nodeid, extended);
    const get = bytes(u32(9), zeros(4), cstring('user.a'));
    assert.deepEqual(server.answer('data', 'FUSE_GETXATTR', nodeid, get), ['x']);
  });

  it('forgets one by one and in batches, without a reply', () => {
    const server = new Server();
    const first = server.mkdir('a');
    const second = server.mkdir('b');
    server.ask('FUSE_LOOKUP', ROOT, cstring('b'));
    assert.equal(server.counters.nrLookups, 3);
    server.replies.take();
    server.receive('FUSE_FORGET', { nodeid: first }, u64(1));
    assert.equal(server.counters.nrLookups, 2);
    const batch = bytes(u32(2), u32(0), u64(second), u64(2), u64(999), u64(1));
    server.receive('FUSE_BATCH_FORGET', { nodeid: 0 }, batch);
    assert.equal(server.counters.nrLookups, 0);
    assert.deepEqual(server.replies.take(), []);
  });

  it('syncs, and ends', () => {
    const server = new Server();
    server.answer('empty', 'FUSE_SYNCFS', ROOT, zeros(8));
    server.answer('empty', 'FUSE_DESTROY', 0);
  });

  it('answers an ioctl as a filesystem that does not know it', () => {
    const args = bytes(u64(0), u32(0), u32(0x5401), u64(0), u32(0), u32(0));
    assert.equal(new Server().refusal('FUSE_IOCTL', ROOT, args), 'ENOTTY');
  });

  const unserved: Partial<Record<OpcodeName, Buffer>> = {
    FUSE_ACCESS: zeros(8),
    FUSE_BMAP: zeros(16),
    FUSE_POLL: zeros(24),
    FUSE_STATX: zeros(24),
    FUSE_SETUPMAPPING: zeros(40),
    FUSE_REMOVEMAPPING: zeros(4),
  };
  for (const [opcode, args] of Object.entries(unserved)) {
    it(`says that it does not serve ${opcode}, so that the kernel does not ask again`, () => {
      assert.equal(new Server().refusal(opcode as OpcodeName, ROOT, args), 'ENOSYS');
    });
  }

  it('never answers a NOTIFY_REPLY', () => {
    const server = new Server();
    server.receive('FUSE_NOTIFY_REPLY', { nodeid: ROOT }, zeros(40));
    assert.deepEqual(server.replies.take(), []);
  });

  it('answers every opcode that it can read and that has a reply', () => {
    const noReply = new Set(['FUSE_FORGET', 'FUSE_BATCH_FORGET', 'FUSE_INTERRUPT', 'FUSE_NOTIFY_REPLY']);
    const bodies: Partial<Record<OpcodeName, Buffer>> = {
      ...unserved,
      FUSE_INIT: init(7, 45),
      FUSE_IOCTL: zeros(32),
      FUSE_SYMLINK: bytes(cstring('s'), cstring('t')),
      FUSE_RENAME: bytes(u64(ROOT), cstring('a'), cstring('b')),
      FUSE_RENAME2: bytes(u64(ROOT), zeros(8), cstring('a'), cstring('b')),
      FUSE_SETXATTR: bytes(zeros(8), cstring('user.a')),
    };
    const unread: string[] = [];
    for (const [name, number] of Object.entries(Opcode)) {
      const server = new Server();
      // Arguments of the right length, whatever they are: zeros, with a name where one is needed.
      const given = bodies[name as OpcodeName];
      const guesses = given
        ? [given]
        : Array.from({ length: 100 }, (_, size) => bytes(zeros(size), cstring('n')));
      const bare = Array.from({ length: 100 }, (_, size) => zeros(size));
      const request = [...guesses, ...(given ? [] : bare)]
        .map((args) => decodable(number, args))
        .find(Boolean);
      if (request === undefined) {
        unread.push(name);
        continue;
      }
      server.dispatch.handle(request);
      assert.equal(server.replies.take().length, noReply.has(name) ? 0 : 1, name);
    }
    assert.deepEqual(unread, []);
  });
});

function decodable(opcode: number, args: Buffer) {
  try {
    return decodeRequest(fuseMessage(opcode, {}, args));
  } catch {
    return undefined;
  }
}
