import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../../src/base/errors.js';
import { formatSize, parseSize } from '../../../src/base/size.js';

describe('parseSize', () => {
  const cases: [string, number][] = [
    ['0', 0],
    ['4096', 4096],
    ['4k', 4096],
    ['64M', 67_108_864],
    ['1GiB', 1_073_741_824],
    ['8191T', 8191 * 2 ** 40],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ];
  for (const [text, bytes] of cases) it(`reads ${text}`, () => assert.equal(parseSize('s', text), bytes));

  for (const text of [
    '',
    '-1',
    'NaN',
    'Infinity',
    '1.5G',
    '1e9',
    '0x10',
    '64MB',
    '1B',
    'M',
    '9007199254740992',
    '8192T',
    '99999999999999999999',
    ' 1',
    '1\n',
  ]) {
    it(`refuses ${JSON.stringify(text)} by name and value`, () => {
      assert.throws(
        () => parseSize('--size', text),
        (error) => error instanceof UsageError && error.field === '--size' && error.value === text,
      );
    });
  }
});

describe('formatSize', () => {
  it('takes the largest unit that divides', () => {
    assert.deepEqual([0, 1, 4096, 4097, 64 * 2 ** 20, 2 ** 50].map(formatSize), [
      '0',
      '1',
      '4K',
      '4097',
      '64M',
      '1024T',
    ]);
  });

  it('is read back exactly', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom(1, 2 ** 10, 2 ** 20), (n, unit) => {
        const bytes = Math.floor(n / unit) * unit;
        assert.equal(parseSize('s', formatSize(bytes)), bytes);
      }),
    );
  });
});
