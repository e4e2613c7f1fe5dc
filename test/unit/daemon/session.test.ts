import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { negotiate, type SessionWishes } from '../../../src/daemon/session.js';
import { InitFlags } from '../../../src/protocol/init-flags.js';
import { decodeRequest } from '../../../src/protocol/request.js';
import { InitRequest } from '../../../src/protocol/request-session.js';
import { u32, zeros } from '../../support/bytes.js';
import { fuseMessage } from '../../support/fuse-message.js';

const wishes: SessionWishes = { writebackCache: true, maxPages: 256, maxBackground: 100 };
const everything = Object.values(InitFlags).reduce((all, bit) => all | bit, 0n);

function init(major: number, minor: number, flags: bigint): InitRequest {
  const low = Number(flags & 0xffff_ffffn);
  const high = Number(flags >> 32n);
  const extended = (flags & InitFlags.FUSE_INIT_EXT) !== 0n;
  const args = [u32(major), u32(minor), u32(131072), u32(low), ...(extended ? [u32(high), zeros(44)] : [])];
  const request = decodeRequest(fuseMessage('FUSE_INIT', { nodeid: 0 }, ...args));
  if (!(request instanceof InitRequest)) return assert.fail('no INIT');
  return request;
}

function agreed(minor: number, flags: bigint, given = wishes) {
  const session = negotiate(init(7, minor, flags), given);
  return session ?? assert.fail(`no agreement with 7.${minor}`);
}

describe('negotiate', () => {
  it('speaks the older minor version of the two', () => {
    assert.equal(agreed(31, 0n).minor, 31);
    assert.equal(agreed(45, 0n).minor, 45);
    assert.equal(agreed(99, 0n).minor, 45);
    assert.equal(agreed(31, 0n).major, 7);
  });

  it('does not agree with a kernel before 7.31, nor with another major version', () => {
    assert.equal(negotiate(init(7, 30, everything), wishes), undefined);
    assert.equal(negotiate(init(6, 45, everything), wishes), undefined);
    assert.equal(negotiate(init(8, 45, everything), wishes), undefined);
  });

  it('agrees to nothing that the kernel has not offered', () => {
    assert.equal(agreed(45, 0n).flags, 0n);
    for (const bit of Object.values(InitFlags)) {
      const { flags } = agreed(45, bit | InitFlags.FUSE_INIT_EXT);
      assert.equal(flags & ~(bit | InitFlags.FUSE_INIT_EXT), 0n, `offered ${bit}, agreed ${flags}`);
    }
  });

  it('takes what withheld writeback needs, from both halves of the flags', () => {
    const { flags } = agreed(45, everything);
    for (const name of [
      'FUSE_WRITEBACK_CACHE',
      'FUSE_MAX_PAGES',
      'FUSE_POSIX_LOCKS',
      'FUSE_FLOCK_LOCKS',
      'FUSE_ATOMIC_O_TRUNC',
      'FUSE_HANDLE_KILLPRIV_V2',
      'FUSE_SETXATTR_EXT',
      'FUSE_DO_READDIRPLUS',
      'FUSE_DIRECT_IO_ALLOW_MMAP',
    ] as const) {
      assert.notEqual(flags & InitFlags[name], 0n, name);
    }
  });

  it('leaves out what would change who is asked or what the store cannot keep', () => {
    const { flags } = agreed(45, everything);
    for (const name of [
      'FUSE_NO_OPEN_SUPPORT',
      'FUSE_NO_OPENDIR_SUPPORT',
      'FUSE_POSIX_ACL',
      'FUSE_SECURITY_CTX',
      'FUSE_DONT_MASK',
      'FUSE_PASSTHROUGH',
      'FUSE_OVER_IO_URING',
      'FUSE_REQUEST_TIMEOUT',
    ] as const) {
      assert.equal(flags & InitFlags[name], 0n, name);
    }
  });

  it('leaves the writeback cache out when it is not wished for', () => {
    const { flags } = agreed(45, everything, { ...wishes, writebackCache: false });
    assert.equal(flags & InitFlags.FUSE_WRITEBACK_CACHE, 0n);
    assert.equal(flags | InitFlags.FUSE_WRITEBACK_CACHE, agreed(45, everything).flags);
  });

  it('writes as many bytes as it has pages; 32 pages where the kernel cannot be told another number', () => {
    const told = agreed(45, InitFlags.FUSE_MAX_PAGES);
    assert.equal(told.maxPages, 256);
    assert.equal(told.maxWriteBytes, 1 << 20);
    const untold = agreed(45, 0n);
    assert.equal(untold.maxPages, 32);
    assert.equal(untold.maxWriteBytes, 32 * 4096);
  });

  it('lets the bdi count as congested only when everything is out that may be', () => {
    const session = agreed(45, everything);
    assert.equal(session.maxBackground, 100);
    assert.equal(session.congestionThreshold, 100);
    assert.equal(session.maxReadaheadBytes, 131072);
  });
});
