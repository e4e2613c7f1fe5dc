/** Names keep their bytes, and are shown so that no two look the same or break a line. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ByteName, displayName, nameFromUtf8 } from '../../../src/protocol/name.js';

describe('nameFromUtf8', () => {
  it('holds a byte per character', () => {
    assert.equal(nameFromUtf8('é漢'), '\xc3\xa9\xe6\xbc\xa2');
  });
});

describe('displayName', () => {
  const cases: readonly [string, string][] = [
    ['plain', 'plain'],
    ['\xc3\xa9', 'é'],
    ['\xe9', String.raw`\xe9`],
    ['ok\xff\xc3\xa9', String.raw`ok\xff\xc3\xa9`],
    ['line\nbreak', String.raw`line\x0abreak`],
    ['back\\slash', String.raw`back\x5cslash`],
    ['bad\xff\\', String.raw`bad\xff\x5c`],
    ['\xc2\x85', String.raw`\xc2\x85`],
    ['\xef\xbb\xbfbom', '\ufeffbom'],
  ];
  for (const [bytes, shown] of cases) {
    it(`shows ${JSON.stringify(bytes)} as ${shown}`, () => {
      assert.equal(displayName(bytes as ByteName), shown);
    });
  }

  it('gives UTF-8 text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!/[\p{Cc}\\]/u.test(text));
        assert.equal(displayName(nameFromUtf8(text)), text);
      }),
    );
  });

  it('never shows two names alike', () => {
    const byteName = fc
      .uint8Array({ maxLength: 4 })
      .map((bytes) => Buffer.from(bytes).toString('latin1') as ByteName);
    fc.assert(
      fc.property(byteName, byteName, (one, other) => {
        assert.equal(displayName(one) === displayName(other), one === other);
      }),
      { numRuns: 2000 },
    );
  });
});
