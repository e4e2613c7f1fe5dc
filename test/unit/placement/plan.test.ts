import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leastBallastPages, type PlacementNeed, planPlacement } from '../../../src/placement/plan.js';

const need: PlacementNeed = { setPages: 1000, lruPages: 500 };
const BLOCK = 512;

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

function planFor(pfns: Float64Array, wanted = need, movableBelow?: (pfn: number) => number) {
  const plan = planPlacement(pfns, wanted, movableBelow) ?? assert.fail('gave up');
  const pfnsOf = (indexes: Uint32Array) =>
    [...indexes].map((index) => pfns[index] ?? -1).sort((a, b) => a - b);
  const freed = [...pfnsOf(plan.landing), ...pfnsOf(plan.spacers), ...pfnsOf(plan.targets)];
  return { plan, pfnsOf, freed, targets: pfnsOf(plan.targets), landing: pfnsOf(plan.landing) };
}

/** By pageblock: how many of these pages lie in it. */
function byBlock(pfns: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const pfn of pfns) {
    const block = Math.floor(pfn / BLOCK);
    counts.set(block, (counts.get(block) ?? 0) + 1);
  }
  return counts;
}

// A start within a pageblock, as in life: the lowest block is ours in part only.
const pfns = shuffledPfns(leastBallastPages(need), 0x100000 + 77);

describe('planPlacement', () => {
  it('lands the sets below every target, on the lowest pages that there are', () => {
    const { plan, pfnsOf, targets, landing } = planFor(pfns);
    assert.ok((landing.at(-1) ?? Number.NaN) < (targets[0] ?? Number.NaN));
    const region = [...landing, ...pfnsOf(plan.spacers)].sort((a, b) => a - b);
    assert.deepEqual(
      region,
      [...pfns].sort((a, b) => a - b).slice(0, region.length),
      'landing and spacers are the bottom without a gap',
    );
    assert.deepEqual(plan.landingRange, [region[0], region.at(-1)]);
  });

  it('frees enough for the sets, and above them enough for everything that moves', () => {
    const { plan } = planFor(pfns);
    assert.ok(plan.landing.length >= need.setPages);
    assert.ok(plan.targets.length >= need.setPages + need.lruPages);
  });

  it('plans the same where one frame lies so far off that no table of all between is made', () => {
    const { plan } = planFor(Float64Array.from([...pfns, 2 ** 33 + 1]));
    assert.deepEqual(plan.landing, planFor(pfns).plan.landing);
  });

  it('plans the same for frames of any height', () => {
    const far = 2 ** 46;
    const { plan } = planFor(pfns);
    const high = planFor(pfns.map((pfn) => pfn + far)).plan;
    assert.deepEqual(
      { ...high, landingRange: high.landingRange.map((pfn) => pfn - far) },
      { ...plan, landingRange: [...plan.landingRange] },
    );
  });

  it('keeps every other page of a small landing: what is freed is given before small pieces from elsewhere', () => {
    const { plan, pfnsOf, landing } = planFor(pfns);
    assert.ok(landing.every((pfn) => pfn % 2 !== 0));
    assert.ok(pfnsOf(plan.spacers).every((pfn) => pfn % 2 === 0));
  });

  it('frees targets for what is to be moved below the end of the landing, when that is known', () => {
    const pages = shuffledPfns(leastBallastPages({ ...need, lruPages: 30_000 }), 0x100000 + 77);
    const wanted = { ...need, lruPages: 30_000 };
    const asked: number[] = [];
    const others = 700;
    const { plan } = planFor(pages, wanted, (pfn) => {
      asked.push(pfn);
      return pages.filter((ours) => ours < pfn).length + others;
    });
    assert.deepEqual(asked, [plan.landingRange[1] + 1]);
    const [moved, unknown] = [need.setPages + others, planFor(pages, wanted).plan.targets.length];
    assert.ok(plan.targets.length >= moved && plan.targets.length < moved * 2 + 4096);
    assert.ok(unknown >= need.setPages + 30_000);
  });

  it('keeps every eighth page of a large landing, so that nothing freed merges into a large buddy', () => {
    const many = { ...need, setPages: 10_000 };
    const { plan, pfnsOf, landing } = planFor(shuffledPfns(leastBallastPages(many), 0x100000 + 77), many);
    assert.ok(landing.every((pfn) => pfn % 8 !== 0));
    assert.ok(pfnsOf(plan.spacers).every((pfn) => pfn % 8 === 0));
    assert.ok(plan.spacers.length > 0);
  });

  it('frees targets in whole lower halves of pageblocks: room for a large folio in each', () => {
    const { targets } = planFor(pfns);
    assert.ok(targets.every((pfn) => pfn % BLOCK < BLOCK / 2));
    for (const [block, count] of byBlock(targets)) assert.equal(count, BLOCK / 2, `pageblock ${block}`);
  });

  it('takes the highest of them', () => {
    const { targets } = planFor(pfns);
    const halves = Math.ceil(targets.length / (BLOCK / 2));
    const highestWhole = Math.floor((Math.max(...pfns) - BLOCK / 2 + 1) / BLOCK);
    assert.deepEqual(
      [...byBlock(targets).keys()].sort((a, b) => b - a),
      Array.from({ length: halves }, (_, index) => highestWhole - index),
    );
  });

  it('makes no pageblock wholly free above the landing', () => {
    const { freed, plan } = planFor(pfns);
    const [, high] = plan.landingRange;
    for (const [block, count] of byBlock(freed)) {
      if (block > Math.floor(high / BLOCK))
        assert.ok(count <= BLOCK / 2, `pageblock ${block}: ${count} freed`);
    }
  });

  it('takes single pages of lower halves where no half is whole', () => {
    const holed = shuffledPfns(4 * leastBallastPages(need), 0x100000).map((pfn) =>
      pfn % 16 === 3 ? -1 : pfn,
    );
    const { plan, targets } = planFor(holed);
    assert.ok(plan.targets.length >= need.setPages + need.lruPages);
    assert.ok(targets.every((pfn) => pfn % BLOCK < BLOCK / 2));
  });

  it('prefers whole halves to higher single pages', () => {
    const whole = shuffledPfns(2 * leastBallastPages(need), 0x100000);
    const top = Math.max(...whole);
    // The highest two pageblocks have lost a page of each lower half.
    const holed = whole.map((pfn) => (pfn > top - 2 * BLOCK && pfn % BLOCK === 5 ? -1 : pfn));
    for (const [block, count] of byBlock(planFor(holed).targets)) {
      assert.equal(count, BLOCK / 2, `pageblock ${block}`);
    }
  });

  it('uses each page once', () => {
    const { plan } = planFor(pfns);
    const all = [...plan.landing, ...plan.spacers, ...plan.targets];
    assert.equal(new Set(all).size, all.length);
  });

  it('does not use pages of other zones', () => {
    const more = shuffledPfns(2 * leastBallastPages(need), 0x100000);
    for (let index = 0; index < more.length; index += 50) more[index] = -1;
    const { freed } = planFor(more);
    assert.ok(freed.every((pfn) => pfn >= 0));
  });

  it('gives up when too few pages are left', () => {
    const some = pfns.slice();
    for (let index = 0; index < some.length; index++) if (index % 8 !== 0) some[index] = -1;
    assert.equal(planPlacement(some, need), undefined);
    assert.equal(planPlacement(new Float64Array(), need), undefined);
  });

  it('finds a plan in as many pages as it says that it needs, wherever they begin', () => {
    for (const wanted of [need, { setPages: 1, lruPages: 0 }, { setPages: 20_000, lruPages: 100 }]) {
      for (const start of [0x100000, 0x100001, 0x1000ff, 0x100100, 0x1001ff]) {
        const least = shuffledPfns(leastBallastPages(wanted), start);
        assert.ok(planPlacement(least, wanted), `${JSON.stringify(wanted)} from ${start.toString(16)}`);
      }
    }
  });
});

describe('planPlacement where huge pages are to be scarce', () => {
  const scarce: PlacementNeed = { ...need, roomPages: 3000 };
  const ours = shuffledPfns(2 * leastBallastPages(scarce), 0x100000 + 77);
  // Of every fourth pageblock a page is somebody else's.
  const holed = ours.map((pfn) => (Math.floor(pfn / BLOCK) % 4 === 0 && pfn % BLOCK === 9 ? -1 : pfn));
  const { plan, pfnsOf, freed, landing, targets } = planFor(holed, scarce);
  const room = pfnsOf(plan.room);

  it('lands in pageblocks that are ours as a whole, in every other page of them', () => {
    const region = [...landing, ...pfnsOf(plan.spacers)];
    for (const [block, count] of byBlock(region)) assert.equal(count, BLOCK, `pageblock ${block}`);
    for (const block of byBlock(region).keys()) assert.ok(block % 4 !== 0 && block > 0x100000 / BLOCK);
    assert.equal(landing.length, region.length / 2);
    assert.ok(landing.length >= scarce.setPages);
  });

  it('has room besides the targets, and makes no pageblock free by either', () => {
    assert.ok(room.length >= 3000 && targets.length >= scarce.setPages + scarce.lruPages);
    const used = [...freed, ...room];
    assert.equal(new Set(used).size, used.length);
    for (const [block, count] of byBlock([...targets, ...room]))
      assert.ok(count < BLOCK, `pageblock ${block}: ${count} freed`);
    assert.ok((landing.at(-1) ?? Number.NaN) < (targets[0] ?? Number.NaN));
  });

  it("keeps a page of ours in every pageblock, also where the first is somebody else's", () => {
    const headless = ours.map((pfn) => (pfn % BLOCK === 0 && Math.floor(pfn / BLOCK) % 4 === 0 ? -1 : pfn));
    const other = planFor(headless, scarce);
    const freedOf = byBlock([...other.targets, ...other.pfnsOf(other.plan.room)]);
    for (const [block, count] of byBlock([...headless].filter((pfn) => pfn >= 0)))
      assert.ok((freedOf.get(block) ?? 0) < count, `pageblock ${block}`);
  });

  it('finds a plan in as many pages as it says that it needs', () => {
    for (const start of [0x100000, 0x100001, 0x1001ff])
      assert.ok(planPlacement(shuffledPfns(leastBallastPages(scarce), start), scarce), start.toString(16));
  });

  it('gives up where no pageblock is ours as a whole', () => {
    const torn = ours.map((pfn) => (pfn % BLOCK === 9 ? -1 : pfn));
    assert.equal(planPlacement(torn, scarce), undefined);
  });

  it('without it there is no room to make', () => {
    assert.equal(planFor(pfns).plan.room.length, 0);
  });
});
