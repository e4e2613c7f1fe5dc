/**
 * One fault's match, compiled: tests that cost a comparison each, and the counters behind nth, every and
 * probability.  The opcode is not tested here: the table is indexed by it.
 */
import type { Match } from './fault.js';
import { compileGlob } from './glob.js';
import type { Random } from './random.js';
import type { Subject } from './subject.js';

/** No node has this id: FUSE_ROOT_ID is 1. */
const anyNode = 0;
/** No request begins there, so a range from here is no condition. */
const noRange = -1;

class CompiledMatch {
  readonly #nodeid: number;
  readonly #start: number;
  readonly #end: number;
  readonly #nth: number;
  readonly #every: number;
  readonly #probability: number;
  readonly #random: Random;
  #count = 0;

  /** Undefined when every path, and none, will do.  Pure: its answer for a path may be kept. */
  readonly matchesPath: ((path: string) => boolean) | undefined;

  constructor(match: Match, random: Random) {
    this.#nodeid = match.nodeid ?? anyNode;
    this.#start = match.range?.start ?? noRange;
    this.#end = match.range?.end ?? Number.POSITIVE_INFINITY;
    this.#nth = match.nth ?? 0;
    this.#every = match.every ?? 0;
    this.#probability = match.probability ?? 1;
    this.#random = random;
    this.matchesPath = match.path === undefined ? undefined : compileGlob(match.path);
  }

  /** Node and byte range.  A request of no bytes counts as the byte at its offset. */
  matchesPlace(subject: Subject): boolean {
    if (this.#nodeid !== anyNode && subject.nodeid !== this.#nodeid) return false;
    if (this.#start === noRange) return true;
    const { offset } = subject;
    if (offset === undefined || offset >= this.#end) return false;
    return offset + Math.max(subject.size ?? 0, 1) > this.#start;
  }

  /**
   * Counts a request that matches all the rest and says whether it is one that nth, every and probability choose.
   * To be called once for each such request, and for no other.
   */
  choose(): boolean {
    this.#count += 1;
    if (this.#nth !== 0 && this.#count !== this.#nth) return false;
    if (this.#every !== 0 && this.#count % this.#every !== 0) return false;
    return this.#probability === 1 || this.#random.nextFloat() < this.#probability;
  }
}

export type { CompiledMatch };

export function compileMatch(match: Match, random: Random): CompiledMatch {
  return new CompiledMatch(match, random);
}
