import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fillPattern, firstMismatch } from '../../../src/workload/pattern.js';

const PAGE = 4096;

function pattern(seed: number, offsetBytes: number, pages: number): Buffer {
  const into = Buffer.alloc(pages * PAGE, 0xee);
  fillPattern(into, seed, offsetBytes);
  return into;
}

describe('fillPattern', () => {
  it('gives the same bytes for a range, wherever the range begins', () => {
    const whole = pattern(1, 0, 16);
    for (const page of [0, 1, 7, 15]) {
      assert.deepEqual(pattern(1, page * PAGE, 1), whole.subarray(page * PAGE, (page + 1) * PAGE));
    }
  });

  it('makes no page like another, nor like one of another seed', () => {
    const pages = new Set<string>();
    for (const seed of [0, 1, 2, 0xffff_ffff]) {
      const bytes = pattern(seed, 0, 256);
      for (let page = 0; page < 256; page++)
        pages.add(bytes.toString('latin1', page * PAGE, (page + 1) * PAGE));
    }
    assert.equal(pages.size, 4 * 256);
  });

  it('makes no two halves of a page alike, so that a page that is shifted shows', () => {
    const page = pattern(1, 0, 1);
    const words = new Uint32Array(page.buffer, page.byteOffset, PAGE / 4);
    assert.equal(new Set(words).size, words.length);
  });

  it('fills a part of a larger buffer and nothing beside it', () => {
    const whole = new Uint8Array(3 * PAGE).fill(0xee);
    fillPattern(whole.subarray(PAGE, 2 * PAGE), 1, 0);
    assert.ok(whole.subarray(0, PAGE).every((byte) => byte === 0xee));
    assert.ok(whole.subarray(2 * PAGE).every((byte) => byte === 0xee));
    assert.deepEqual(Buffer.from(whole.subarray(PAGE, 2 * PAGE)), pattern(1, 0, 1));
  });

  it('goes on beyond 4 GiB', () => {
    assert.notDeepEqual(pattern(1, 2 ** 32, 1), pattern(1, 0, 1));
    assert.deepEqual(pattern(1, 2 ** 32, 2).subarray(PAGE), pattern(1, 2 ** 32 + PAGE, 1));
  });
});

describe('firstMismatch', () => {
  it('finds none in what was written', () => {
    assert.equal(firstMismatch(pattern(1, 8 * PAGE, 4), 1, 8 * PAGE), -1);
  });

  it('finds the first wrong byte by its offset in the file', () => {
    for (const at of [0, 1, PAGE + 5, 4 * PAGE - 1]) {
      const bytes = pattern(1, 8 * PAGE, 4);
      for (let wrong = at; wrong < bytes.length; wrong += PAGE) bytes[wrong] = (bytes[wrong] ?? 0) ^ 1;
      assert.equal(firstMismatch(bytes, 1, 8 * PAGE), 8 * PAGE + at);
    }
  });

  it('sees another seed, zeros, and two pages that have changed places', () => {
    assert.ok(firstMismatch(pattern(2, 0, 1), 1, 0) >= 0);
    assert.ok(firstMismatch(Buffer.alloc(PAGE), 1, 0) >= 0);
    const swapped = Buffer.concat([pattern(1, PAGE, 1), pattern(1, 0, 1)]);
    assert.ok(firstMismatch(swapped, 1, 0) >= 0);
  });
});
