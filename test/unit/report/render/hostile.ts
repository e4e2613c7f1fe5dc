/** Runs that a renderer must stand: every verdict, and text that somebody else wrote into a run directory. */
import type { TestContext } from 'node:test';
import type { Cell, RunJson } from '../../../../src/report/run-json.js';
import { judgeRun } from '../../../../src/report/write.js';
import { syntheticRun } from '../synthetic-run.js';

/** Breaks lines, tags, attributes, comments, directives, scripts and terminals. */
export const hostile =
  '</title></script><script>alert(1)</script>"\'><img src=x onerror=alert(2)> &amp; ]]> --> # SKIP no\nok 9 forged\r\n\u0000\u001b[31m\u2028\ud800\ufffe';

/** A cell of each verdict; a pass is the stall that was expected. */
export function everyVerdict(t: TestContext): RunJson {
  const run = judgeRun(syntheticRun(t));
  const [control, fault] = run.cells;
  if (control === undefined || fault === undefined) throw new Error('the synthetic run has two cells');
  const change = (cell: Cell, by: Partial<Cell>): Cell => ({ ...cell, ...by });
  return {
    ...run,
    verdict: 'fail',
    cells: [
      control,
      fault,
      change(fault, { verdict: 'fail', expected: 'migrated', variant: '250ms', mitigation: 'abort' }),
      change(control, { verdict: 'fail', outcome: 'failed', scenario: 'cable-trip' }),
      change(fault, {
        verdict: 'fail',
        scenario: 'cable-trip',
        evidence: {
          ...fault.evidence,
          byteExact: false,
          mitigation: {
            appliedAfterMs: 100,
            toFirstMigrationMs: 3,
            freedFolios: 8,
            confirmedBy: 'pagemap',
            frees: true,
            expectedToFree: true,
            endsConnection: true,
            lostBytes: 8 * 4096,
            keptBytes: 0,
            told: [{ file: 'stuck', call: 'fsync', errno: 'EIO' }],
            limits: null,
          },
        },
      }),
      change(control, {
        verdict: 'unknown',
        outcome: 'unknown',
        scenario: 'healthy',
        reason: 'a trace with holes',
      }),
      change(control, { verdict: 'skip', arm: null, scenario: 'splice-moved', reason: 'no swap' }),
    ],
    doseResponses: [
      {
        scenario: 'writeback-delayed',
        trigger: 'compact',
        transport: 'dev-fuse',
        points: [
          { delayMs: 250, stallMs: 251.5, offLineMs: 0.1 },
          { delayMs: 4000, stallMs: null, offLineMs: null },
        ],
        slope: 1.001,
        interceptMs: 3,
        residualMs: 1,
        verdict: 'unknown',
        reason: '1 of 5 points were measured',
      },
    ],
    damage: ['line 3 of events.jsonl is not JSON'],
    repeats: [
      {
        scenario: 'cable-trip',
        trigger: 'compact',
        transport: 'dev-fuse',
        arm: 'fault',
        variant: null,
        mitigation: 'none',
        runs: 2,
        skipped: 0,
        outcomes: { stalled: 1, failed: 1 },
        verdicts: { pass: 1, fail: 1 },
        flapping: true,
        triggerMs: { min: 1, median: 2, max: 3 },
        stallMs: null,
      },
    ],
  };
}

/** Every text of the run is hostile. */
export function hostileRun(t: TestContext): RunJson {
  const run = everyVerdict(t);
  return {
    ...run,
    damage: [hostile],
    stuckfs: hostile,
    kernel: hostile,
    on: hostile,
    cells: run.cells.map((cell) => ({
      ...cell,
      scenario: hostile,
      trigger: hostile,
      transport: hostile,
      mitigation: hostile,
      variant: hostile,
      decidedBy: hostile,
      reason: hostile,
      evidence: {
        ...cell.evidence,
        mitigation:
          cell.evidence.mitigation === null
            ? null
            : { ...cell.evidence.mitigation, told: [{ file: 'stuck', call: 'close', errno: hostile }] },
        waiters: cell.evidence.waiters.map((waiter) => ({
          ...waiter,
          role: hostile,
          comm: hostile,
          state: hostile,
          stack: [hostile, hostile],
        })),
      },
    })),
    doseResponses: run.doseResponses.map((curve) => ({
      ...curve,
      scenario: hostile,
      trigger: hostile,
      transport: hostile,
      reason: hostile,
    })),
    repeats: run.repeats.map((one) => ({
      ...one,
      scenario: hostile,
      trigger: hostile,
      transport: hostile,
      variant: hostile,
      mitigation: hostile,
      outcomes: { [hostile]: 2 },
    })),
  };
}
