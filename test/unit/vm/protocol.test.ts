import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseGuestLine } from '../../../src/vm/protocol.js';

describe('a line of the guest', () => {
  for (const line of [
    { t: 12 },
    { t: 0, stream: 'stdout', line: 'x' },
    { t: 9e15, stream: 'stderr', line: '' },
    { t: 5, exit: 255 },
  ])
    test(`is taken: ${JSON.stringify(line)}`, () => {
      assert.deepEqual(parseGuestLine(JSON.stringify(line)), line);
    });

  for (const text of [
    '',
    '{',
    'null',
    '7',
    '[]',
    '{}',
    '{"t":-1}',
    '{"t":"1"}',
    '{"t":1.5}',
    '{"t":1e300}',
    '{"t":1,"exit":256}',
    '{"t":1,"exit":"0"}',
    '{"t":1,"stream":"stdin","line":"x"}',
    '{"t":1,"stream":"stdout"}',
    '{"t":1,"line":"x"}',
  ])
    test(`is none: ${text}`, () => {
      assert.equal(parseGuestLine(text), undefined);
    });
});
