import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom, Xoshiro128StarStar } from '../../../src/fault/random.js';

const draw = (seed: number, stream: number, count: number): number[] => {
  const random = seededRandom(seed, stream);
  return Array.from({ length: count }, () => random.nextFloat());
};

describe('Xoshiro128StarStar', () => {
  // Test data of edorfaus/xoshiro-6502, made there with the C reference.
  it('gives what the C reference gives', () => {
    const random = new Xoshiro128StarStar(0x964d4a0c, 0xd40ab895, 0xad7fdecb, 0x3006f0f0);
    const drawn = Array.from({ length: 4 }, () => random.nextUint32());
    assert.deepEqual(drawn, [0xf1391922, 0x6fe53806, 0xa5be2840, 0xf510ee70]);
  });
});

describe('seededRandom', () => {
  it('repeats itself for the same seed and stream', () => {
    assert.deepEqual(draw(7, 1, 100), draw(7, 1, 100));
  });

  it('differs with the seed, also above 32 bits, and with the stream', () => {
    const firsts = [
      [7, 1],
      [8, 1],
      [7 + 2 ** 32, 1],
      [7, 2],
      [1, 7],
      [0, 0],
      [Number.MAX_SAFE_INTEGER, 1],
    ].map(([seed = 0, stream = 0]) => draw(seed, stream, 3).join());
    assert.equal(new Set(firsts).size, firsts.length);
  });

  it('is uniform on [0, 1), and so are the first draws of successive streams', () => {
    const long = draw(42, 1, 100_000);
    const firsts = Array.from({ length: 100_000 }, (_, stream) => seededRandom(42, stream).nextFloat());
    for (const values of [long, firsts]) {
      const tenths = new Array<number>(10).fill(0);
      for (const value of values) {
        assert.ok(value >= 0 && value < 1);
        const tenth = Math.floor(value * 10);
        tenths[tenth] = (tenths[tenth] ?? 0) + 1;
      }
      // Five standard deviations of a binomial count of 10,000.
      for (const count of tenths) assert.ok(Math.abs(count - 10_000) < 475, tenths.join());
    }
  });
});
