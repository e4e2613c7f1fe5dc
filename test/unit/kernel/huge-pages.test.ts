import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hugePagesPath, nodePoolPaths, pageblocksOf } from '../../../src/kernel/huge-pages.js';
import { fakeRoot } from './fixtures.js';

test('pageblocks in which enough of the frames lie, ascending', () => {
  const pfns = Float64Array.of(1024, 1025, 3, 4, 511, 512, -1, -1, -1);
  assert.deepEqual(pageblocksOf(pfns, 1), [0, 1, 2]);
  assert.deepEqual(pageblocksOf(pfns, 2), [0, 2]);
  assert.deepEqual(pageblocksOf(pfns, 4), []);
});

test('the pool of each node, where there are several', (t) => {
  const path = (node: string) => `/sys/devices/system/node/${node}/hugepages/hugepages-2048kB/nr_hugepages`;
  const one = { [path('node0')]: '5\n', '/sys/devices/system/node/possible': '0-1\n' };
  assert.deepEqual(nodePoolPaths(hugePagesPath, fakeRoot(t, {})), []);
  assert.deepEqual(nodePoolPaths(hugePagesPath, fakeRoot(t, one)), []);
  const withoutMemory = { '/sys/devices/system/node/node1/cpulist': '1\n' };
  const three = { ...one, ...withoutMemory, [path('node2')]: '0\n' };
  assert.deepEqual(nodePoolPaths(hugePagesPath, fakeRoot(t, three)), [path('node0'), path('node2')]);
});
