import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine, printable } from '../../../../src/report/render/one-line.js';

test('what turns, joins or hides text, or breaks a line, becomes a blank', () => {
  const hidden = [
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x61c, 0x61c],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0xd800, 0xdfff],
    [0xfe00, 0xfe0f],
    [0xfeff, 0xfeff],
    [0xfff9, 0xfffb],
    [0xfffe, 0xffff],
    [0xe0001, 0xe007f],
  ] as const;
  for (const [first, last] of hidden)
    for (let code = first; code <= last; code++)
      assert.equal(printable(`a${String.fromCodePoint(code)}b`), 'a b', code.toString(16));
});

test('text stays what it is', () => {
  const text = 'größer than 世界 😀 – "x" é\u00a0z';
  assert.equal(printable(text), text);
  assert.equal(oneLine(`\n ${text}\u202e\n`), text);
});
