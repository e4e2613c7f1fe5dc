import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatDuration, maxDurationMs, parseDuration } from '../../../src/base/duration.js';
import { UsageError } from '../../../src/base/errors.js';

describe('parseDuration', () => {
  const cases: [string, number][] = [
    ['100ms', 100],
    ['5s', 5000],
    ['2m', 120_000],
    ['1.5s', 1500],
    ['1.1s', 1100],
    ['250us', 0.25],
    ['1ns', 1e-6],
    ['0', 0],
    ['0ms', 0],
    ['24h', maxDurationMs],
  ];
  for (const [text, ms] of cases) it(`reads ${text}`, () => assert.equal(parseDuration('t', text), ms));

  for (const text of [
    '',
    '100',
    '-1s',
    '+1s',
    'NaN',
    'Infinity',
    '1e3ms',
    '1 s',
    '5S',
    '5d',
    '24.1h',
    '999999999999999h',
    '.5s',
    '5.s',
    '100ms\n',
    '0.0000001us',
  ]) {
    it(`refuses ${JSON.stringify(text)} by name and value`, () => {
      assert.throws(
        () => parseDuration('--hold-for', text),
        (error) => {
          assert.ok(error instanceof UsageError);
          assert.equal(error.field, '--hold-for');
          assert.equal(error.value, text);
          assert.match(error.remedy, /100ms|nanosecond/);
          return true;
        },
      );
    });
  }
});

describe('formatDuration', () => {
  it('takes the largest unit without a fraction', () => {
    assert.deepEqual([0, 0.25, 100, 1500, 90_000, 120_000, 3_600_000].map(formatDuration), [
      '0ms',
      '250us',
      '100ms',
      '1500ms',
      '90s',
      '2m',
      '1h',
    ]);
  });

  it('is read back as the same span, to the nanosecond', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: maxDurationMs, noNaN: true }), (ms) => {
        const again = parseDuration('t', formatDuration(ms));
        assert.ok(Math.abs(again - ms) <= 0.5000001e-6 + ms * Number.EPSILON * 2, `${ms} ${again}`);
      }),
    );
  });
});
