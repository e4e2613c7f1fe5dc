import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { KernelValueError, writeKernelValueWithin } from '../../../src/safety/kernel-value.js';
import { mayWait, writeWithin } from '../../../src/safety/write-within.js';
import { fakeMachine, temporaryDirectory } from './fixtures.js';

const pool = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages';

test('a value is written as echo does it, and one that is refused comes back, too', (t) => {
  const file = join(temporaryDirectory(t), "a file's name");
  writeFileSync(file, 'before\n');
  assert.deepEqual(writeWithin(file, '$(id) "5', 30_000), { kind: 'ended' });
  assert.equal(readFileSync(file, 'utf8'), '$(id) "5\n');
  assert.deepEqual(writeWithin('/proc/self/no such file', '5', 30_000), { kind: 'ended' });
});

test('a write that hangs is given up at the deadline, and told', (t) => {
  const { root } = fakeMachine(t);
  mkdirSync(dirname(join(root, pool)), { recursive: true });
  // Opened for writing it waits for a reader, who never comes.
  assert.equal(spawnSync('mkfifo', [join(root, pool)]).status, 0);
  const startedMs = performance.now();
  assert.throws(
    () => writeKernelValueWithin(pool, '5', root, 200),
    (error) => error instanceof KernelValueError && /within 200 ms: process \d+ waits/.test(error.message),
  );
  assert.ok(performance.now() - startedMs >= 200);
});

test('files whose write waits for what a trigger does are known', () => {
  const node = '/sys/devices/system/node/node0/hugepages/hugepages-1048576kB/nr_hugepages';
  for (const path of [pool, node, '/sys/devices/system/memory/memory12/state'])
    assert.ok(mayWait(path), path);
  for (const path of ['/proc/sys/vm/dirty_ratio', '/sys/devices/system/memory/memory12/online'])
    assert.ok(!mayWait(path), path);
});
