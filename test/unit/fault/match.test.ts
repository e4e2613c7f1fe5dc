import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Match } from '../../../src/fault/fault.js';
import { compileMatch } from '../../../src/fault/match.js';
import { type Random, seededRandom } from '../../../src/fault/random.js';
import { subjectOf } from './subject-of.js';

const compile = (match: Match, random: Random = seededRandom(1, 1)) => compileMatch(match, random);
const chosen = (match: Match, count: number, random?: Random): number[] => {
  const compiled = compile(match, random);
  return Array.from({ length: count }, (_, index) => index + 1).filter(() => compiled.choose());
};

describe('byte ranges', () => {
  it('agree with a model that looks at each byte', () => {
    const small = fc.nat({ max: 12 });
    fc.assert(
      fc.property(
        small,
        fc.option(fc.integer({ min: 1, max: 13 }), { nil: undefined }),
        small,
        fc.nat({ max: 6 }),
        (start, length, offset, size) => {
          const end = length === undefined ? undefined : start + length;
          const inside = (byte: number): boolean => byte >= start && (end === undefined || byte < end);
          const touched = Array.from({ length: Math.max(size, 1) }, (_, index) => offset + index);
          const range = end === undefined ? { start } : { start, end };
          assert.equal(
            compile({ range }).matchesPlace(subjectOf({ offset, size })),
            touched.some(inside),
            JSON.stringify({ start, end, offset, size }),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('take no request without an offset, and one without a size as the byte at its offset', () => {
    const match = compile({ range: { start: 0, end: 10 } });
    assert.equal(match.matchesPlace(subjectOf({ offset: undefined })), false);
    assert.equal(match.matchesPlace(subjectOf({ offset: 9, size: undefined })), true);
    assert.equal(match.matchesPlace(subjectOf({ offset: 10, size: undefined })), false);
  });
});

describe('nodes', () => {
  it('take their own requests only', () => {
    const match = compile({ nodeid: 3 });
    assert.equal(match.matchesPlace(subjectOf({ nodeid: 3 })), true);
    assert.equal(match.matchesPlace(subjectOf({ nodeid: 4 })), false);
  });

  it('and a range must hold both', () => {
    const match = compile({ nodeid: 3, range: { start: 0, end: 10 } });
    assert.equal(match.matchesPlace(subjectOf({ nodeid: 3, offset: 20 })), false);
    assert.equal(match.matchesPlace(subjectOf({ nodeid: 4, offset: 0 })), false);
    assert.equal(match.matchesPlace(subjectOf({ nodeid: 3, offset: 0 })), true);
  });
});

describe('paths', () => {
  it('are asked by the glob, and by none without one', () => {
    assert.equal(compile({}).matchesPath, undefined);
    assert.equal(compile({ path: '/a/*' }).matchesPath?.('/a/b'), true);
    assert.equal(compile({ path: '/a/*' }).matchesPath?.('/b/b'), false);
  });
});

describe('choose', () => {
  it('nth: that one and no other', () => assert.deepEqual(chosen({ nth: 3 }, 10), [3]));
  it('every: each such', () => assert.deepEqual(chosen({ every: 3 }, 10), [3, 6, 9]));
  it('without either: all', () => assert.deepEqual(chosen({}, 3), [1, 2, 3]));

  it('probability: about that share, the same for the same seed', () => {
    const first = chosen({ probability: 0.25 }, 40_000, seededRandom(5, 1));
    assert.ok(Math.abs(first.length - 10_000) < 450, String(first.length));
    assert.deepEqual(chosen({ probability: 0.25 }, 40_000, seededRandom(5, 1)), first);
    assert.notDeepEqual(chosen({ probability: 0.25 }, 40_000, seededRandom(6, 1)), first);
  });

  it('probability is drawn only for requests that every lets through', () => {
    let drawn = 0;
    const random = {
      nextFloat: () => {
        drawn += 1;
        return 0.5;
      },
    };
    assert.deepEqual(chosen({ every: 4, probability: 0.6 }, 12, random), [4, 8, 12]);
    assert.equal(drawn, 3);
    assert.deepEqual(chosen({ every: 4, probability: 0.5 }, 12, random), []);
  });
});
