import assert from 'node:assert/strict';
import { test } from 'node:test';
import { negotiate } from '../../../src/daemon/session.js';
import { InitFlags } from '../../../src/protocol/init-flags.js';
import type { InitRequest } from '../../../src/protocol/request-session.js';

test('without FLUSH record locks are left to the kernel, which drops them at close; flock stays here', () => {
  const init = { major: 7, minor: 45, max_readahead: 131_072, flags: 0xffff_ffff, flags2: 0xffff_ffff };
  const wishes = { writebackCache: false, maxPages: 256, maxBackground: 12 };
  const flagsOf = (noFlush: boolean) => negotiate(init as InitRequest, { ...wishes, noFlush })?.flags ?? 0n;
  assert.equal(flagsOf(false) & ~flagsOf(true), InitFlags.FUSE_POSIX_LOCKS);
  assert.notEqual(flagsOf(true) & InitFlags.FUSE_FLOCK_LOCKS, 0n);
});
