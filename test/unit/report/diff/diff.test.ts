import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { diffRuns, type RunToCompare } from '../../../../src/report/diff/diff.js';
import { DiffJsonSpec } from '../../../../src/report/diff/diff-json.js';
import { renderDiff } from '../../../../src/report/diff/render-diff.js';
import type { Cell, RunJson } from '../../../../src/report/run-json.js';
import { judgeRun } from '../../../../src/report/write.js';
import { everyVerdict, hostile } from '../render/hostile.js';
import { syntheticRun } from '../synthetic-run.js';

const environment = {
  kernel: { release: '6.18.0-test', cmdline: 'quiet' },
  startedAt: 'now',
  cpus: ['a', 'b'],
};

function compare(
  before: RunJson,
  after: RunJson,
  [ours, theirs]: readonly [unknown, unknown] = [environment, environment],
) {
  const run = (directory: string, report: RunJson, found: unknown): RunToCompare => ({
    directory,
    report,
    environment: found,
  });
  const diff = diffRuns(run('runs/a', before, ours), run('runs/b', after, theirs));
  assert.deepEqual(DiffJsonSpec.parse(JSON.parse(JSON.stringify(diff))), diff);
  return diff;
}

/** The cells of a run of which the last has a mitigation. */
function withMitigation(t: TestContext, change: Partial<NonNullable<Cell['evidence']['mitigation']>>) {
  const run = everyVerdict(t);
  const found = run.cells.find(({ evidence }) => evidence.mitigation !== null);
  assert.ok(found?.evidence.mitigation);
  const mitigation = { ...found.evidence.mitigation, ...change };
  const cell: Cell = { ...found, evidence: { ...found.evidence, mitigation } };
  return { cell, run: { ...run, cells: [cell] } };
}

const noCost = {
  wanted: 264,
  obtained: 34,
  controlPageblocksFreed: null,
  takenBefore: 10_000,
  pageblocks: 132,
  pageblocksFreed: 0,
  compactStall: 50,
  compactFail: 20,
  compactSuccess: 30,
};

const pair = (run: RunJson) => run.cells as [Cell, Cell];
const skipOf = (cell: Cell, reason: string): Cell => ({
  ...cell,
  arm: null,
  outcome: 'unknown',
  expected: null,
  decidedBy: null,
  verdict: 'skip',
  reason,
});
const changes = (diff: ReturnType<typeof compare>) =>
  diff.cells.map(({ arm, changed, before, after }) => [
    arm,
    changed,
    before?.outcomes ?? null,
    after?.outcomes ?? null,
  ]);

describe('what differs between two runs', () => {
  test('nothing, of a run and itself; times that differ are shown and are no change', (t) => {
    const run = judgeRun(syntheticRun(t));
    const [control, fault] = pair(run);
    const slower = { ...fault, evidence: { ...fault.evidence, triggerMs: 6000.4, stallMs: 5900 } };
    assert.equal(compare(run, run).outcomesChanged, false);
    const diff = compare(run, { ...run, cells: [control, slower] });
    assert.deepEqual(changes(diff), [
      ['control', [], ['migrated'], ['migrated']],
      ['fault', [], ['stalled'], ['stalled']],
    ]);
    assert.deepEqual([diff.outcomesChanged, diff.features, diff.environment], [false, [], []]);
    const text = renderDiff(diff);
    assert.match(text, /^before: runs\/a: kernel 6\.18\.0-test, on host, stuckfs 0\.1\.0, verdict pass\n/);
    assert.match(text, /\nwriteback-held +compact +fault +stalled +5040 > 6000 +5019 > 5900\n/);
    assert.match(text, /\n0 of 2 arms changed; every outcome is the same\n$/);
    assert.doesNotMatch(text, /changed:|environment:/);
  });

  test('another outcome on another kernel: with what decides it there, and why', (t) => {
    const run = judgeRun(syntheticRun(t));
    const [control, fault] = pair(run);
    const copied: Cell = {
      ...fault,
      outcome: 'migrated',
      expected: 'migrated',
      decidedBy: 'fuse_writepages_fill()',
      reason: '8 of 8 folios are at another pfn',
    };
    const older = {
      ...run,
      kernel: '6.12.0',
      features: { writebackInPlace: false },
      cells: [control, copied],
    };
    const diff = compare(older, run, [{ ...environment, kernel: { release: '6.12.0' } }, environment]);
    assert.deepEqual(changes(diff)[1], [
      'fault',
      ['outcome', 'expected', 'decidedBy'],
      ['migrated'],
      ['stalled'],
    ]);
    assert.equal(diff.outcomesChanged, true);
    assert.deepEqual(diff.features, [{ name: 'writebackInPlace', before: false, after: true }]);
    assert.deepEqual(diff.environment, [
      { name: 'kernel.release', before: '6.12.0', after: '6.18.0-test' },
      { name: 'kernel.cmdline', before: null, after: 'quiet' },
    ]);
    const text = renderDiff(diff);
    assert.match(
      text,
      /\n {2}writeback-held x compact, fault arm: migrated \(pass\), now stalled \(pass\)\n/,
    );
    assert.match(text, /decided by: fuse_writepages_fill\(\), now migrate_folio_unmap\(\)/);
    assert.match(text, /\n {2}writebackInPlace: false > true\n/);
    assert.match(text, /\n {2}kernel\.release: 6\.12\.0 > 6\.18\.0-test\n/);
    assert.match(text, /outcomes are not the same\n$/);
  });

  test('the same outcome with another verdict is a change: a mitigation that no longer frees', (t) => {
    const run = judgeRun(syntheticRun(t));
    const [control, fault] = pair(run);
    const diff = compare(run, { ...run, cells: [control, { ...fault, verdict: 'fail' }] });
    assert.equal(diff.outcomesChanged, true);
  });

  test('an arm that only one run has, or that one has skipped, is a change', (t) => {
    const run = judgeRun(syntheticRun(t));
    const [control, fault] = pair(run);
    assert.deepEqual(changes(compare({ ...run, cells: [control] }, run)), [
      ['control', [], ['migrated'], ['migrated']],
      ['fault', ['presence'], null, ['stalled']],
    ]);
    const diff = compare(run, { ...run, cells: [skipOf(fault, 'no root')] });
    assert.deepEqual(changes(diff), [
      ['control', ['outcome', 'verdict'], ['migrated'], ['skipped']],
      ['fault', ['outcome', 'verdict'], ['stalled'], ['skipped']],
    ]);
    assert.equal(diff.outcomesChanged, true);
    assert.match(renderDiff(diff), /fault arm: stalled \(pass\), now skipped\n/);
    const skipped = { ...run, cells: [skipOf(fault, 'no root')] };
    assert.deepEqual(changes(compare(skipped, skipped)), [[null, [], ['skipped'], ['skipped']]]);
    const both = { ...run, cells: [control, skipOf({ ...fault, variant: 'from file' }, 'no ext4')] };
    assert.deepEqual(changes(compare(both, run)), [
      ['control', [], ['migrated'], ['migrated']],
      ['fault', ['presence'], null, ['stalled']],
      [null, ['presence'], ['skipped'], null],
    ]);
    assert.equal(compare({ ...run, cells: [] }, { ...run, cells: [] }).outcomesChanged, false);
  });

  test('of an arm that was played several times every outcome counts, and the spread is shown', (t) => {
    const run = judgeRun(syntheticRun(t));
    const [control, fault] = pair(run);
    const again: Cell = { ...control, repeat: 2, evidence: { ...control.evidence, triggerMs: 110 } };
    const steady = compare(run, { ...run, cells: [control, fault, again] });
    assert.equal(steady.outcomesChanged, false);
    assert.deepEqual(steady.cells[0]?.after?.triggerMs, { min: 90, median: 100, max: 110 });
    assert.match(renderDiff(steady), /control +migrated +90 > 90\.\.100\.\.110 /);
    const flapping = compare(run, { ...run, cells: [control, fault, { ...again, outcome: 'failed' }] });
    assert.deepEqual(changes(flapping)[0], ['control', ['outcome'], ['migrated'], ['failed', 'migrated']]);
  });

  test('what a mitigation freed, lost, and told', (t) => {
    const { run, cell } = withMitigation(t, {});
    assert.deepEqual(changes(compare(run, run)).at(-1)?.[1], []);
    const other = withMitigation(t, {
      frees: null,
      lostBytes: null,
      told: [{ file: 'stuck', call: 'fsync', errno: null }],
    });
    const diff = compare(run, other.run);
    assert.deepEqual(diff.cells.at(-1)?.changed, ['told', 'lost', 'frees']);
    assert.deepEqual(diff.cells.at(-1)?.before?.lostBytes, [cell.evidence.mitigation?.lostBytes]);
    const text = renderDiff(diff);
    assert.match(text, /frees the set: yes, now not shown\n/);
    assert.match(text, /lost: 32768 bytes, now not known\n/);
    assert.match(text, /told: stuck: fsync EIO; control: , now stuck: fsync 0; control: \n/);
    assert.match(text, /1 of \d+ arms changed; .*every outcome is the same\n$/);
  });

  test('pageblocks that became huge pages are put beside each other', (t) => {
    const run = judgeRun(syntheticRun(t));
    const [control, fault] = pair(run);
    const costs = (pageblocksFreed: number): RunJson => ({
      ...run,
      cells: [control, { ...fault, evidence: { ...fault.evidence, cost: { ...noCost, pageblocksFreed } } }],
    });
    const text = renderDiff(compare(costs(0), costs(90)));
    assert.match(text, /\npageblocks of the set .*:\n {2}writeback-held x compact, fault arm: 0 > 90\n/);
    assert.match(text, /0 of 2 arms changed/);
    assert.doesNotMatch(renderDiff(compare(run, run)), /pageblocks/);
  });

  test('a dose whose verdict changed, or that only one run has', (t) => {
    const run = everyVerdict(t);
    const [line] = run.doseResponses;
    assert.ok(line);
    const same = compare(run, run);
    assert.deepEqual([same.doseResponses[0]?.changed, same.outcomesChanged], [[], false]);
    const bent = { ...line, slope: 0.2, verdict: 'fail' as const, reason: 'the slope is not 1' };
    const diff = compare(run, { ...run, doseResponses: [bent] });
    assert.deepEqual([diff.doseResponses[0]?.changed, diff.outcomesChanged], [['verdict'], true]);
    assert.match(
      renderDiff(diff),
      /writeback-delayed x compact: slope 1\.001 \(unknown\), .* now slope\s+0\.200 \(fail\)/,
    );
    assert.match(renderDiff(diff), /after: the slope is not 1\n/);
    assert.match(renderDiff(diff), /; 1 of 1 doses; outcomes are not the same\n$/);
    const gone = compare(run, { ...run, doseResponses: [] });
    assert.deepEqual([gone.doseResponses[0]?.changed, gone.outcomesChanged], [['presence'], true]);
    assert.equal(
      compare({ ...run, doseResponses: [] }, { ...run, doseResponses: [] }).outcomesChanged,
      false,
    );
  });

  test('damage is told, and text of others breaks no line', (t) => {
    const run = judgeRun(syntheticRun(t));
    const [control, fault] = pair(run);
    const spoilt = {
      ...run,
      damage: [hostile],
      cells: [control, { ...fault, scenario: hostile, reason: hostile }],
    };
    const text = renderDiff(compare(run, spoilt, [environment, { [hostile]: hostile }]));
    assert.match(text, /after is damaged: /);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});
