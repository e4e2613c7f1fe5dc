import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { maxDurationMs } from '../../../src/base/duration.js';
import { UsageError } from '../../../src/base/errors.js';
import {
  compileDistribution,
  type Distribution,
  DistributionSpec,
  formatDistribution,
  parseDistribution,
} from '../../../src/fault/distribution.js';
import { seededRandom } from '../../../src/fault/random.js';
import { subjectOf } from './subject-of.js';

function sample(distribution: Distribution, count = 100_000, seed = 1): number[] {
  const draw = compileDistribution(distribution, seededRandom(seed, 1));
  const subject = subjectOf();
  return Array.from({ length: count }, () => draw(subject));
}
function meanAndStddev(values: number[]): [number, number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return [mean, Math.sqrt(variance)];
}
function assertNear(actual: number, expected: number, within: number): void {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not within ${within} of ${expected}`);
}

describe('compileDistribution', () => {
  it('fixed: always the same', () => {
    assert.deepEqual(sample({ kind: 'fixed', ms: 100 }, 3), [100, 100, 100]);
  });

  it('uniform: within its bounds, with the mean and spread of one', () => {
    const values = sample({ kind: 'uniform', minMs: 10, maxMs: 50 });
    assert.ok(values.every((ms) => ms >= 10 && ms <= 50));
    const [mean, stddev] = meanAndStddev(values);
    assertNear(mean, 30, 0.2);
    assertNear(stddev, 40 / Math.sqrt(12), 0.2);
  });

  it('normal: mean and standard deviation, where 0 is far away', () => {
    const [mean, stddev] = meanAndStddev(sample({ kind: 'normal', meanMs: 100, stddevMs: 10 }));
    assertNear(mean, 100, 0.2);
    assertNear(stddev, 10, 0.2);
  });

  it('normal: truncated at 0, not heaped there', () => {
    const values = sample({ kind: 'normal', meanMs: 0, stddevMs: 10 });
    assert.ok(values.every((ms) => ms >= 0));
    assert.ok(values.filter((ms) => ms === 0).length < 3);
    // The half-normal distribution.
    assertNear(meanAndStddev(values)[0], 10 * Math.sqrt(2 / Math.PI), 0.15);
  });

  it('normal: without spread it is the mean, and never above a day', () => {
    assert.deepEqual(sample({ kind: 'normal', meanMs: 0, stddevMs: 0 }, 2), [0, 0]);
    const wide = sample({ kind: 'normal', meanMs: maxDurationMs, stddevMs: maxDurationMs }, 1000);
    assert.equal(Math.max(...wide), maxDurationMs);
  });

  it('exponential: mean and spread are the same, and most are short', () => {
    const values = sample({ kind: 'exponential', meanMs: 100 });
    const [mean, stddev] = meanAndStddev(values);
    assertNear(mean, 100, 1.5);
    assertNear(stddev, 100, 2.5);
    assertNear(values.filter((ms) => ms < 100).length / values.length, 1 - Math.exp(-1), 0.01);
    assert.ok(values.every((ms) => ms >= 0 && ms <= maxDurationMs));
  });

  it('draws the same again from the same seed, and others from another', () => {
    const distribution: Distribution = { kind: 'normal', meanMs: 5, stddevMs: 5 };
    assert.deepEqual(sample(distribution, 100, 3), sample(distribution, 100, 3));
    assert.notDeepEqual(sample(distribution, 100, 3), sample(distribution, 100, 4));
  });
});

describe('parseDistribution', () => {
  it('reads the three kinds', () => {
    assert.deepEqual(parseDistribution('d', 'fixed:100ms'), { kind: 'fixed', ms: 100 });
    assert.deepEqual(parseDistribution('d', 'uniform:10ms-1s'), { kind: 'uniform', minMs: 10, maxMs: 1000 });
    assert.deepEqual(parseDistribution('d', 'normal:100ms,20ms'), {
      kind: 'normal',
      meanMs: 100,
      stddevMs: 20,
    });
  });

  for (const text of [
    '',
    '100ms',
    'fixed',
    'fixed:',
    'fixed:-1ms',
    'fixed:100',
    'uniform:10ms',
    'uniform:50ms-10ms',
    'uniform:1ms-2ms-3ms',
    'normal:1ms',
    'normal:1ms,2ms,3ms',
    'pareto:1ms',
    'fixed:25h',
    'constructor:1ms',
  ])
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseDistribution('--delay', text),
        (error) => error instanceof UsageError && error.field === '--delay',
      );
    });

  it('reads back what formatDistribution writes', () => {
    const ms = fc.nat({ max: maxDurationMs });
    const any = fc.oneof(
      ms.map((ms): Distribution => ({ kind: 'fixed', ms })),
      fc
        .tuple(ms, ms)
        .map(([a, b]): Distribution => ({ kind: 'uniform', minMs: Math.min(a, b), maxMs: Math.max(a, b) })),
      fc.tuple(ms, ms).map(([meanMs, stddevMs]): Distribution => ({ kind: 'normal', meanMs, stddevMs })),
    );
    fc.assert(
      fc.property(any, (distribution) => {
        assert.deepEqual(parseDistribution('d', formatDistribution(distribution)), distribution);
        assert.deepEqual(DistributionSpec.parse(distribution), distribution);
      }),
    );
  });
});
