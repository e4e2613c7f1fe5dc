import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArmEvidence } from '../../../src/report/evidence.js';
import { findings } from '../../../src/report/findings.js';
import { gatherArms } from '../../../src/report/gather.js';
import { renderKtap } from '../../../src/report/render/ktap.js';
import { repeatRow } from '../../../src/report/repeat-rows.js';
import { repeatsOf, unknownWhereFlapping } from '../../../src/report/repeats.js';
import type { Cell } from '../../../src/report/run-json.js';
import { renderTerminal } from '../../../src/report/terminal.js';
import { bisectStatusOf, runJson } from '../../../src/report/verdict.js';
import { judgeRun } from '../../../src/report/write.js';
import { syntheticRun } from './synthetic-run.js';

const changed = (cell: Cell, repeat: number, triggerMs: number, outcome: Cell['outcome']): Cell => ({
  ...cell,
  repeat,
  outcome,
  evidence: { ...cell.evidence, triggerMs },
});

test('sums up each arm that was played more than once, with the spread of its times', (t) => {
  const [control, fault] = judgeRun(syntheticRun(t)).cells as [Cell, Cell];
  const repeats = repeatsOf([
    control,
    changed(fault, 1, 5000, 'stalled'),
    changed(fault, 2, 5200, 'stalled'),
    changed(fault, 3, 5100, 'stalled'),
  ]);
  assert.equal(repeats.length, 1);
  const [one] = repeats;
  assert.deepEqual(one?.outcomes, { stalled: 3 });
  assert.deepEqual(one?.triggerMs, { min: 5000, median: 5100, max: 5200 });
  assert.equal(one?.flapping, false);
  assert.ok(one !== undefined);
  assert.deepEqual(repeatRow(one, 'fault').slice(2, 6), ['fault', '3', '3 stalled', '5000..5100..5200']);
});

test('an arm with two outcomes is flapping, and a finding', (t) => {
  const run = judgeRun(syntheticRun(t));
  const [, fault] = run.cells as [Cell, Cell];
  const cells = [changed(fault, 1, 5000, 'stalled'), changed(fault, 2, 90, 'migrated')];
  const flapping = { ...run, cells, repeats: repeatsOf(cells) };
  assert.deepEqual(
    findings(flapping, () => 'it'),
    ['it: flapping: of 2 runs stalled 1 times, migrated 1 times'],
  );
  assert.match(
    renderTerminal(flapping),
    /^.*\n\nfindings:\n {2}writeback-held x compact, fault arm: flapping/,
  );
});

test('an arm that was skipped in one repeat and played in another is told', (t) => {
  const run = judgeRun(syntheticRun(t));
  const [control, fault] = run.cells as [Cell, Cell];
  const skip: Cell = { ...fault, arm: null, outcome: 'unknown', verdict: 'skip', reason: 'no memory' };
  const cells = [
    control,
    fault,
    { ...skip, repeat: 2 },
    { ...control, repeat: 3 },
    { ...skip, repeat: 3, variant: 'of another' },
  ];
  const repeats = repeatsOf(cells);
  assert.deepEqual(
    repeats.map(({ arm, runs, skipped, flapping }) => [arm, runs, skipped, flapping]),
    [
      ['control', 2, 1, false],
      ['fault', 1, 1, false],
    ],
  );
  const told = { ...run, cells, repeats };
  assert.match(
    renderTerminal(told),
    /findings:\n {2}.*control arm: skipped in 1 of 3\n {2}.*fault arm: skipped in 1 of 2\n/,
  );
  assert.match(renderTerminal(told), /compact +fault +1 +1 stalled; skipped in 1 of 2/);
  assert.match(renderKtap(told), /# of 1 runs stalled 1 times, skipped 1 times more/);
  assert.deepEqual(
    repeatsOf([
      { ...skip, repeat: 1 },
      { ...skip, repeat: 2 },
    ]),
    [],
  );
  // A row without a variant may be of the fault arm only: what was played beside it was not skipped.
  assert.deepEqual(repeatsOf([control, skip]), []);
});

test('a cell that flaps is unknown each time, but for where it failed; and so is the run', (t) => {
  const [control, fault] = gatherArms(syntheticRun(t)) as [ArmEvidence, ArmEvidence];
  const facts = { stuckfs: '0', kernel: '6.18', on: 'host', seed: 1 };
  const again = { ...control, arm: 2, cell: 1, repeat: 2 };
  const steady = runJson(facts, [control, fault, again]);
  assert.deepEqual([steady.verdict, steady.repeats[0]?.flapping], ['pass', false]);
  const { cells, verdict, repeats } = runJson(facts, [control, fault, { ...again, lostEvents: 1 }]);
  assert.deepEqual(
    cells.map((cell) => [cell.arm, cell.repeat, cell.outcome, cell.verdict]),
    [
      ['control', 1, 'migrated', 'unknown'],
      ['fault', 1, 'stalled', 'pass'],
      ['control', 2, 'unknown', 'unknown'],
    ],
  );
  assert.match(cells[0]?.reason ?? '', /^flapping, 1 migrated, 1 unknown: 8 of 8 folios/);
  assert.deepEqual([verdict, repeats[0]?.verdicts], ['unknown', { unknown: 2 }]);
  const failed = unknownWhereFlapping([
    { ...(cells[1] as Cell), verdict: 'fail', outcome: 'migrated' },
    { ...(cells[1] as Cell), repeat: 2 },
  ]);
  assert.deepEqual(
    failed.map((cell) => cell.verdict),
    ['fail', 'unknown'],
  );
});

test('an outcome that differs from the expectation comes first, with kernel, function and numbers', (t) => {
  const run = judgeRun(syntheticRun(t));
  const [control, fault] = run.cells as [Cell, Cell];
  const cells: Cell[] = [control, { ...fault, outcome: 'migrated', verdict: 'fail' }];
  const text = renderTerminal({ ...run, cells, verdict: 'fail' });
  const [found] = findings({ ...run, cells }, () => 'the arm');
  assert.match(
    found ?? '',
    /^kernel 6\.18\.0-test: the arm: migrated, where stalled is expected by migrate_folio/,
  );
  assert.ok(text.indexOf('findings:') < text.indexOf('scenario   '), text);
  assert.doesNotMatch(renderTerminal(run), /findings/);
});

test('git bisect run is told good, bad, or that nothing can be said', () => {
  assert.deepEqual(bisectStatusOf, { pass: 0, fail: 1, unknown: 125, skip: 125 });
});
