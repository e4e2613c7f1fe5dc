/** Which pages are freed so that folios of an order land low and find what room they are to have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planPlacement } from '../../../src/placement/plan.js';

const pages = 1 << 17;
const pfns = Float64Array.from({ length: pages }, (_, index) => (1 << 20) + index);

test('the landing is of runs of the order, the targets are single pages with a buddy that stays', () => {
  const plan = planPlacement(pfns, {
    setPages: 2048,
    lruPages: 0,
    runs: { largePages: 1024, lruPages: 0, landingOrder: 4, targetOrder: 0 },
  });
  assert.ok(plan);
  const landing = new Set(plan.landing);
  const spacers = new Set(plan.spacers);
  for (const index of plan.spacers) {
    assert.equal(index % 32, 15);
    for (let page = 1; page <= 16; page++) assert.ok(landing.has(index + page));
  }
  assert.ok(plan.spacers.length * 16 >= 1024);
  const targets = new Set(plan.targets);
  assert.ok([...targets].every((index) => index % 2 === 0 && !targets.has(index + 1)));
  assert.ok(Math.min(...targets) > Math.max(...landing, ...spacers));
});

test('there is room for what can be moved below the end of the landing, when that is known, and hardly more', () => {
  const need = {
    setPages: 2048,
    lruPages: 40_000,
    runs: { largePages: 1024, lruPages: 40_000, landingOrder: 4, targetOrder: 0 },
  };
  const [others, first] = [700, pfns[0] ?? Number.NaN];
  const known = planPlacement(pfns, need, (pfn) => pfn - first + others);
  const unknown = planPlacement(pfns, need);
  assert.ok(known && unknown);
  assert.deepEqual(known.landing, unknown.landing);
  const moved = 2 * 1024 + others;
  assert.ok(known.targets.length >= moved && known.targets.length <= (moved + 4096) * 1.25 + 1);
  assert.ok(unknown.targets.length >= 40_000);
});

test('too few pages of the order are told', () => {
  const scattered = pfns.map((pfn) => pfn * 2);
  assert.equal(
    planPlacement(scattered, {
      setPages: 2048,
      lruPages: 0,
      runs: { largePages: 1024, lruPages: 0, landingOrder: 4, targetOrder: 0 },
    }),
    undefined,
  );
});
