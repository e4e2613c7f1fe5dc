import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseZoneinfo } from '../../../src/kernel/zoneinfo.js';
import { nodesOf } from '../../../src/trigger/compact-node.js';
import { fixture } from '../kernel/fixtures.js';

test('compact-node asks the nodes on which the stuck set lies, each once', () => {
  const twoNodes = parseZoneinfo(fixture('zoneinfo-6.1'));
  assert.deepEqual(nodesOf(Float64Array.of(524_288, 524_289), twoNodes), [1]);
  assert.deepEqual(nodesOf(Float64Array.of(524_288, 17), twoNodes), [0, 1]);
});

test('frames that are not known, or that no zone has, ask nobody', () => {
  const oneNode = parseZoneinfo(fixture('zoneinfo-6.18'));
  assert.deepEqual(nodesOf(Float64Array.of(-1, 0, 2 ** 40), oneNode), []);
});
