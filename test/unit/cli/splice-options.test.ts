import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { type SpliceWords, spliceOf } from '../../../src/cli/splice-options.js';

const words = (given: Partial<SpliceWords>): SpliceWords => ({
  splice: undefined,
  spliceSource: undefined,
  maxPins: undefined,
  ...given,
});

describe('--splice', () => {
  it('is nothing where it is not given', () => {
    assert.deepEqual(spliceOf(words({})), { read: false, write: 'none' });
  });

  it('takes its words in one list or in several', () => {
    assert.deepEqual(spliceOf(words({ splice: ['read,write'] })), { read: true, write: 'move' });
    assert.deepEqual(spliceOf(words({ splice: ['write-copy', 'read'] })), { read: true, write: 'copy' });
    assert.deepEqual(spliceOf(words({ splice: ['read', 'read'] })), { read: true, write: 'none' });
  });

  it('takes a number of pins, and a source', () => {
    assert.deepEqual(spliceOf(words({ splice: ['read'], maxPins: '7' })), {
      read: true,
      write: 'none',
      maxPins: 7,
    });
    const write = ['write'];
    assert.deepEqual(spliceOf(words({ splice: write, spliceSource: 'pipe' })), {
      read: false,
      write: 'move',
    });
    assert.deepEqual(spliceOf(words({ splice: write, spliceSource: '/usr/../tmp/' })), {
      read: false,
      write: 'move',
      source: '/tmp',
    });
  });

  const refused: readonly (readonly [given: Partial<SpliceWords>, ...texts: string[]])[] = [
    [{ splice: ['raed'] }, '--splice: "raed"', 'read, write, write-copy'],
    [{ splice: ['read,'] }, '--splice: ""'],
    [{ splice: [''] }, '--splice: ""'],
    [{ splice: ['write', 'write-copy'] }, '--splice: "write,write-copy"', 'give one'],
    [{ maxPins: '5' }, '--max-pins: "5"', '--splice read'],
    [{ splice: ['write'], maxPins: '5' }, '--max-pins: "5"', '--splice read'],
    [{ splice: ['read'], maxPins: '0' }, '--max-pins: "0"', 'from 1'],
    [{ splice: ['read'], maxPins: '1e3' }, '--max-pins: "1e3"', 'whole number'],
    [{ spliceSource: '/tmp' }, '--splice-source: "/tmp"', '--splice write'],
    [{ splice: ['read'], spliceSource: 'pipe' }, '--splice-source: "pipe"', '--splice write'],
    [{ splice: ['write'], spliceSource: '/nonexistent' }, '--splice-source: "/nonexistent"', 'a directory'],
    [{ splice: ['write'], spliceSource: '/etc/passwd' }, '--splice-source: "/etc/passwd"', 'a directory'],
    [{ splice: ['write'], spliceSource: '' }, '--splice-source: ""', 'a directory'],
  ];
  for (const [given, ...texts] of refused) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      assert.throws(
        () => spliceOf(words(given)),
        (error) => error instanceof UsageError && texts.every((text) => error.message.includes(text)),
      );
    });
  }
});
