import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArmEvidence } from '../../../src/report/evidence.js';
import { gatherArms } from '../../../src/report/gather.js';
import { renderKtap } from '../../../src/report/render/ktap.js';
import { renderTerminal } from '../../../src/report/terminal.js';
import { runJson } from '../../../src/report/verdict.js';
import { syntheticRun } from './synthetic-run.js';

const facts = { stuckfs: '0', kernel: '6.18', on: 'host', seed: 1 };

function played(t: Parameters<typeof syntheticRun>[0], first: Partial<ArmEvidence>, attempt = 2) {
  const [control, fault] = gatherArms(syntheticRun(t)) as [ArmEvidence, ArmEvidence];
  const run = runJson(facts, [{ ...control, ...first }, { ...control, arm: 2, attempt }, fault]);
  assert.deepEqual(
    run.cells.map(({ arm }) => arm),
    ['control', 'fault'],
  );
  return run;
}

/** Tried, and all of it failed. */
const stayed = { stuckMoved: 0, stuckReachedMoved: 0, stuckStill: 8, migrateFailedNearSet: 8 };

test('an attempt that was inconclusive is told with its reason, and the last one counts', (t) => {
  const run = played(t, { stuckReached: 1, stuckReachedMoved: 0 });
  const [cell] = run.cells;
  assert.deepEqual([cell?.outcome, cell?.verdict, cell?.attempts], ['migrated', 'pass', 2]);
  assert.deepEqual(
    cell?.earlier.map(({ attempt, outcome, inconclusive }) => [attempt, outcome, inconclusive]),
    [[1, 'unknown', true]],
  );
  assert.match(renderTerminal(run), /attempt 1: +inconclusive: the scanner reached 1 of 8 folios only/);
  assert.match(renderKtap(run), /\n# attempt 1, inconclusive: the scanner reached 1 of 8/);
});

test('an attempt that came out otherwise is not outweighed by the last', (t) => {
  const run = played(t, stayed);
  const [cell] = run.cells;
  assert.deepEqual([cell?.outcome, cell?.verdict, run.verdict], ['migrated', 'unknown', 'unknown']);
  assert.match(cell?.reason ?? '', /at another pfn; but attempt 1 was failed: attempted and failed: 8/);
});

test('nor is one that is unknown, and no experiment that did not take place', (t) => {
  const [cell] = played(t, { lostEvents: 3 }).cells;
  assert.equal(cell?.verdict, 'unknown');
  assert.match(cell?.reason ?? '', /; but attempt 1 was unknown: the trace lost 3 events/);
});

test('data that an earlier attempt lost is lost', (t) => {
  assert.equal(played(t, { corrupt: ['stuck file: fsync said EIO'] }).cells[0]?.verdict, 'fail');
});

test('one that came out the same way is no doubt; one that is missing is', (t) => {
  assert.equal(played(t, {}).cells[0]?.verdict, 'pass');
  const [cell] = played(t, {}, 3).cells;
  assert.equal(cell?.verdict, 'unknown');
  assert.match(cell?.reason ?? '', /; but of 3 attempts 2 are in the record/);
});
