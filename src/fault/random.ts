/**
 * Seeded random numbers, so that a run can be repeated: xoshiro128** of Blackman and Vigna
 * (https://prng.di.unimi.it/xoshiro128starstar.c), its state spread from (seed, stream) by MurmurHash3's 32-bit
 * finaliser.  Not for secrets.
 */
export interface Random {
  /** The next number in [0, 1), of 53 random bits. */
  nextFloat(): number;
}

export class Xoshiro128StarStar implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** Four 32-bit words, not all of them 0. */
  constructor(a: number, b: number, c: number, d: number) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#d = d | 0;
  }

  nextUint32(): number {
    const scrambled = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return scrambled;
  }

  nextFloat(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function finalise(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

const golden = 0x9e3779b9;

/** The stream numbered `stream` of `seed`; both are integers from 0 to 2^53 - 1. Streams do not share state. */
export function seededRandom(seed: number, stream: number): Random {
  let key = 0;
  for (const number of [seed, stream]) {
    for (const word of [number % 2 ** 32, Math.floor(number / 2 ** 32)]) {
      key = finalise((key + golden) ^ finalise(word ^ golden));
    }
  }
  // The finaliser is a bijection: four different inputs give four different words, so never four zeros.
  const [a, b, c, d] = [1, 2, 3, 4].map((step) => finalise(key + Math.imul(step, golden))) as [
    number,
    number,
    number,
    number,
  ];
  return new Xoshiro128StarStar(a, b, c, d);
}
