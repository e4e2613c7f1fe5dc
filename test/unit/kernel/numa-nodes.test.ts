import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeWithMost, parseNodeList, readNodesWithMemory } from '../../../src/kernel/numa-nodes.js';
import type { Zone } from '../../../src/kernel/zoneinfo.js';
import { fakeRoot, kernelFileError } from './fixtures.js';

const zone = (node: number, startPfn: number, spanned: number): Zone => ({
  node,
  name: 'Normal',
  free: 0,
  spanned,
  present: spanned,
  managed: spanned,
  startPfn,
  watermarks: new Map(),
  counters: new Map(),
});

test('numbers, ranges, and none', () => {
  assert.deepEqual(parseNodeList('0\n'), [0]);
  assert.deepEqual(parseNodeList('0-2,5\n'), [0, 1, 2, 5]);
  assert.deepEqual(parseNodeList('\n'), []);
});

test('another line is malformed', () => {
  for (const bad of ['x', '1-', '0-1-2', '3-1', '0,,1'])
    assert.throws(() => parseNodeList(bad), kernelFileError('KERNEL_FILE_MALFORMED', { line: 1 }));
});

test('a kernel without nodes has node 0', (t) => {
  assert.deepEqual(readNodesWithMemory(fakeRoot(t, {})), [0]);
  const two = fakeRoot(t, { '/sys/devices/system/node/has_memory': '0-1\n' });
  assert.deepEqual(readNodesWithMemory(two), [0, 1]);
});

test('the node that has most of the frames', () => {
  const zones = [zone(0, 0, 100), zone(1, 100, 100)];
  assert.equal(nodeWithMost(Float64Array.of(5, 100, 101, -1), zones), 1);
  assert.equal(nodeWithMost(Float64Array.of(-1, 500), zones), undefined);
});
