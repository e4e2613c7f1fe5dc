import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxPagesLimit } from '../../../src/daemon/kernel-limits.js';
import { fakeMachine } from '../safety/fixtures.js';

test('the limit on pages in a request is the sysctl, or 256 where there is none or none that can be read', (t) => {
  const machine = fakeMachine(t);
  assert.equal(maxPagesLimit(machine.root), 256);
  machine.write('/proc/sys/fs/fuse/max_pages_limit', '1024\n');
  assert.equal(maxPagesLimit(machine.root), 1024);
  machine.write('/proc/sys/fs/fuse/max_pages_limit', 'many\n');
  assert.equal(maxPagesLimit(machine.root), 256);
});
