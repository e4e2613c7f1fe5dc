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
