import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leastBallastPages, planPlacement } from '../../../src/placement/plan.js';

const need = { setPages: 1000, lruPages: 500 };

/** Shuffled pfns, as an allocator gives them: no order by index. */
function shuffledPfns(count: number, start: number): Float64Array {
  const pfns = Float64Array.from({ length: count }, (_, index) => start + index);
  for (let index = count - 1; index > 0; index--) {
    const other = (index * 7919) % (index + 1);
    const swap = pfns[index] ?? 0;
    pfns[index] = pfns[other] ?? 0;
    pfns[other] = swap;
  }
  return pfns;
}

describe('planPlacement', () => {
  const pfns = shuffledPfns(leastBallastPages(need), 0x100000);
  const plan = planPlacement(pfns, need);
  const pfnsOf = (indexes: Uint32Array) => [...indexes].map((index) => pfns[index] ?? -1);

  it('lands the sets below every target', () => {
    assert.ok(plan);
    assert.ok(Math.max(...pfnsOf(plan.landing)) < Math.min(...pfnsOf(plan.targets)));
    assert.deepEqual(plan.landingRange, [
      Math.min(...pfnsOf(plan.landing), ...pfnsOf(plan.spacers)),
      Math.max(...pfnsOf(plan.landing), ...pfnsOf(plan.spacers)),
    ]);
  });

  it('frees enough for the sets, and above them enough for everything that moves', () => {
    assert.ok(plan);
    assert.ok(plan.landing.length >= need.setPages);
    assert.ok(plan.targets.length >= need.setPages + need.lruPages);
  });

  it('keeps a page of every eight, so that nothing freed merges into a large buddy', () => {
    assert.ok(plan);
    for (const freed of [plan.landing, plan.targets]) {
      assert.ok(pfnsOf(freed).every((pfn) => pfn % 8 !== 0));
    }
    assert.ok(pfnsOf(plan.spacers).every((pfn) => pfn % 8 === 0));
  });

  it('uses each page once', () => {
    assert.ok(plan);
    const all = [...plan.landing, ...plan.spacers, ...plan.targets];
    assert.equal(new Set(all).size, all.length);
  });

  it('does not use pages of other zones, and gives up when too few are left', () => {
    const some = pfns.slice();
    for (let index = 0; index < some.length; index += 50) some[index] = -1;
    const planned = planPlacement(some, need);
    assert.ok(planned);
    for (const index of [...planned.landing, ...planned.targets, ...planned.spacers])
      assert.notEqual(some[index], -1);
    for (let index = 0; index < some.length; index += 2) some[index] = -1;
    assert.equal(planPlacement(some, need), undefined);
  });
});
