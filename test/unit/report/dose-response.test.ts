import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { doseResponse, type JudgedArm } from '../../../src/report/dose-response.js';
import type { ArmEvidence } from '../../../src/report/evidence.js';

const delays = [250, 500, 1000, 2000, 4000];

/** Only what the curve is made of. */
function arm(delayMs: number | undefined, stallMs: number | undefined): JudgedArm {
  const evidence = {
    scenario: 'writeback-delayed',
    trigger: 'compact',
    transport: 'dev-fuse',
    delayMs,
    stallMs,
  };
  return { evidence: evidence as ArmEvidence, outcome: 'stalled', expected: 'stalled' };
}

const control = { ...arm(undefined, undefined), outcome: 'migrated', expected: 'migrated' } as const;
const straight = delays.map((delayMs, index) => arm(delayMs, delayMs - 50 + (index % 2 === 0 ? 3 : -3)));

describe('doseResponse', () => {
  it('fits the line of slope 1, and says how far each point lies off it', () => {
    const curve = doseResponse([control, ...straight]);
    assert.equal(curve?.verdict, 'pass');
    assert.ok(Math.abs((curve.slope ?? 0) - 1) < 0.01, `${curve.slope}`);
    assert.ok(Math.abs((curve.interceptMs ?? 0) + 50) < 5, `${curve.interceptMs}`);
    assert.ok((curve.residualMs ?? 99) > 2 && (curve.residualMs ?? 99) < 4, `${curve.residualMs}`);
    assert.deepEqual(
      curve.points.map(({ delayMs }) => delayMs),
      delays,
    );
  });

  it('fails for a stall that does not grow as the delay does, and for points off the line', () => {
    assert.equal(doseResponse(delays.map((delayMs) => arm(delayMs, delayMs / 2)))?.verdict, 'fail');
    assert.equal(doseResponse(delays.map((delayMs) => arm(delayMs, 900)))?.verdict, 'fail');
    const scattered = delays.map((delayMs, index) => arm(delayMs, delayMs + (index % 2 === 0 ? 400 : -150)));
    assert.equal(doseResponse(scattered)?.verdict, 'fail');
  });

  it('is unknown where a point is missing, and none where there are fewer than five', () => {
    const [first, ...rest] = straight;
    assert.ok(first);
    const hole = doseResponse([{ ...first, outcome: 'unknown' }, ...rest]);
    assert.equal(hole?.verdict, 'unknown');
    assert.equal(hole.points[0]?.stallMs, null);
    // Arms that were skipped.
    assert.equal(doseResponse(rest), undefined);
  });

  it('is none where nothing is delayed, or the kernel is to migrate all the same', () => {
    assert.equal(doseResponse([control]), undefined);
    assert.equal(doseResponse(straight.map((one) => ({ ...one, expected: 'migrated' as const }))), undefined);
  });
});
