/**
 * The bytes that a workload writes: a function of seed and offset, so that every page differs from every other
 * and any range can be checked without keeping a copy.
 */

const WORD = 4;

/** As much as one WRITE of FUSE carries (FUSE_MAX_MAX_PAGES pages). */
export const CHUNK_BYTES = 1 << 20;

/** murmur3's finaliser: neighbouring inputs give unrelated words. */
function mix(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * Fills `into` with what belongs at `offsetBytes`.
 * @param into length and byteOffset are multiples of 4096
 */
export function fillPattern(into: Uint8Array, seed: number, offsetBytes: number): void {
  const words = new Uint32Array(into.buffer, into.byteOffset, into.byteLength / WORD);
  const wordsOfPage = 1024;
  for (let start = 0; start < words.length; start += wordsOfPage) {
    const page = (offsetBytes / WORD + start) / wordsOfPage;
    let word = mix(mix(seed) + page);
    for (let index = start; index < start + wordsOfPage; index++) {
      words[index] = word;
      word = (word + 0x9e3779b9) >>> 0;
    }
  }
}

/** Offset of the first byte that differs from the pattern, or -1. */
export function firstMismatch(found: Uint8Array, seed: number, offsetBytes: number): number {
  const expected = Buffer.allocUnsafeSlow(found.byteLength);
  fillPattern(expected, seed, offsetBytes);
  if (expected.equals(found)) return -1;
  return offsetBytes + expected.findIndex((byte, index) => byte !== found[index]);
}
