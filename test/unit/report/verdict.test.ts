import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expectationFor } from '../../../src/report/expectations.js';
import { gatherArms } from '../../../src/report/gather.js';
import { exitStatusOf, runJson, worst } from '../../../src/report/verdict.js';
import { syntheticRun } from './synthetic-run.js';

const facts = { stuckfs: '0.1.0', kernel: '6.18.0-test', on: 'host', seed: 7 };

describe('runJson', () => {
  test('a kernel that behaves as none is expected to fails, and says what was expected and why', (t) => {
    const [control, held] = gatherArms(syntheticRun(t));
    if (control === undefined || held === undefined) return assert.fail('two arms');
    const stayed = {
      ...control,
      stuckMoved: 0,
      stuckReachedMoved: 0,
      stuckStill: 8,
      migrateFailed: 9,
      migrateFailedNearSet: 9,
    };
    const report = runJson(facts, [stayed, held]);
    const [cell] = report.cells;
    assert.deepEqual([cell?.outcome, cell?.expected, cell?.verdict], ['failed', 'migrated', 'fail']);
    assert.match(cell?.decidedBy ?? '', /mm\/migrate\.c/);
    assert.equal(report.verdict, 'fail');
  });

  test('takes the features of the kernel from any arm of the run', (t) => {
    const [control, held] = gatherArms(syntheticRun(t));
    if (control === undefined || held === undefined) return assert.fail('two arms');
    assert.equal(runJson(facts, [control, held]).cells[1]?.expected, 'stalled');
    const copied = { ...held, writebackInPlace: false, stuckWriteback: 0 };
    assert.equal(runJson(facts, [control, copied]).cells[1]?.expected, 'migrated');
  });

  test('an arm for which nothing is expected is unknown, whatever came of it', (t) => {
    const [control] = gatherArms(syntheticRun(t));
    if (control === undefined) return assert.fail('an arm');
    const [cell] = runJson(facts, [{ ...control, trigger: 'new' }]).cells;
    assert.deepEqual(
      [cell?.outcome, cell?.expected, cell?.decidedBy, cell?.verdict],
      ['migrated', null, null, 'unknown'],
    );
    assert.match(cell?.reason ?? '', /no verdict: .*which no arm of this run has shown/);
    const known = { ...control, trigger: 'new', writebackInPlace: true };
    assert.match(
      runJson(facts, [known]).cells[0]?.reason ?? '',
      /no verdict: nothing is expected of this arm/,
    );
  });
});

test('expectations name scenario, trigger, arm and feature', () => {
  const cell = { scenario: 'writeback-held', trigger: 'compact', kind: 'fault' as const, mitigation: 'none' };
  assert.equal(expectationFor(cell, { writebackInPlace: true })?.outcome, 'stalled');
  assert.equal(expectationFor(cell, { writebackInPlace: false })?.outcome, 'migrated');
  assert.equal(expectationFor({ ...cell, kind: 'control' }, { writebackInPlace: true })?.outcome, 'migrated');
  assert.equal(expectationFor({ ...cell, scenario: 'none' }, { writebackInPlace: true }), undefined);
});

test('the worst verdict is the verdict of the run; a run without any is unknown', () => {
  assert.equal(worst(['pass', 'pass']), 'pass');
  assert.equal(worst(['pass', 'skip']), 'pass');
  assert.equal(worst(['skip', 'skip']), 'skip');
  assert.equal(worst(['pass', 'unknown', 'skip']), 'unknown');
  assert.equal(worst(['unknown', 'fail', 'pass']), 'fail');
  assert.equal(worst([]), 'unknown');
  assert.deepEqual(exitStatusOf, { pass: 0, fail: 1, unknown: 3, skip: 4 });
});
