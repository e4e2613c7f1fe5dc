import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hugePagesPath, isHuge, nodePoolPaths, pageblocksOf } from '../../../src/kernel/huge-pages.js';
import { Kpf } from '../../../src/kernel/kpageflags.js';
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

test('a pageblock is a huge page where one folio fills it, and not where large folios lie in it', () => {
  const bits = (...names: (keyof typeof Kpf)[]) =>
    names.reduce((sum, name) => sum | (1n << BigInt(Kpf[name])), 0n);
  assert.equal(isHuge(bits('HUGE', 'COMPOUND_HEAD'), bits('HUGE', 'COMPOUND_TAIL')), true);
  assert.equal(isHuge(bits('THP', 'COMPOUND_HEAD'), bits('THP', 'COMPOUND_TAIL')), true);
  // Folios of 64 KiB: the last frame is a tail, too, but the first is no head of such a folio alone.
  assert.equal(isHuge(bits('THP', 'COMPOUND_HEAD'), bits('BUDDY')), false);
  assert.equal(isHuge(bits('COMPOUND_HEAD'), bits('COMPOUND_TAIL')), false, 'of slab, perhaps');
  assert.equal(isHuge(0n, 0n), false);
});
