import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextStep } from '../../../src/scenario/scarcity.js';

const ROOMY = 1 << 22;

test('huge pages are taken in steps of at most 256 MiB, however many lie about', () => {
  assert.equal(nextStep(10_000, ROOMY), 128);
  assert.equal(nextStep(40, ROOMY), 40);
  // None is ready: compaction is asked for a few.
  assert.equal(nextStep(0, ROOMY), 16);
});

test('what the machine is to keep is not asked for', () => {
  assert.equal(nextStep(10_000, 3 * 512 + 511), 3);
  assert.equal(nextStep(0, 3 * 512), 3);
  assert.equal(nextStep(10_000, 511), 0);
  assert.equal(nextStep(10_000, -512 * 40), 0);
});
