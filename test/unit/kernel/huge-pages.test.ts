import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageblocksOf } from '../../../src/kernel/huge-pages.js';

test('pageblocks in which enough of the frames lie, ascending', () => {
  const pfns = Float64Array.of(1024, 1025, 3, 4, 511, 512, -1, -1, -1);
  assert.deepEqual(pageblocksOf(pfns, 1), [0, 1, 2]);
  assert.deepEqual(pageblocksOf(pfns, 2), [0, 2]);
  assert.deepEqual(pageblocksOf(pfns, 4), []);
});
