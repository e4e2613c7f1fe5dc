/**
 * Each mitigation on the running kernel, beside the same arm without it: whether the stuck folios move after it, what
 * is lost, and what the writer is told.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Cell } from '../../../src/report/run-json.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { ScenarioRun } from '../../support/scenario-run.js';

const PAGES = 4096;
const STUCK = ['--stuck', '16M', '--hold', '2s'];

function mitigated(run: ScenarioRun, mitigation: string): Cell & { freed: Mitigation } {
  const cell = run.json.cells.find((one) => one.mitigation === mitigation);
  assert.ok(cell?.evidence.mitigation, run.told);
  return { ...cell, freed: cell.evidence.mitigation };
}
type Mitigation = NonNullable<Cell['evidence']['mitigation']>;

const told = ({ told: all }: Mitigation, file: 'stuck' | 'control') =>
  all.filter((one) => one.file === file).map(({ call, errno }) => `${call} ${errno ?? 0}`);

describe('run writeback-held with mitigations', requires(root, devFuse), () => {
  const untouched = machineState();
  let run: ScenarioRun;
  before(async () => {
    const wanted = ['release', 'abort', 'kill-server'].flatMap((id) => ['--mitigation', id]);
    run = await ScenarioRun.play('writeback-held', ...STUCK, ...wanted);
  });
  after(() => run.remove());

  for (const id of ['release', 'abort', 'kill-server']) {
    test(`${id}: the trigger stalls until then, and the same folios move within a second of it`, () => {
      const { outcome, verdict, evidence, freed } = mitigated(run, id);
      assert.deepEqual([outcome, verdict], ['stalled', 'pass'], run.told);
      assert.equal(evidence.stuckMoved, 0);
      assert.ok(freed.toFirstMigrationMs !== null && freed.toFirstMigrationMs < 1000, run.told);
      assert.ok(freed.freedFolios > 0 && freed.frees === true, run.told);
      assert.equal(freed.confirmedBy, 'pagemap');
      assert.ok(freed.appliedAfterMs !== null && freed.appliedAfterMs > 900, run.told);
    });
  }

  test('release: nothing is lost, and nobody is told of anything', () => {
    const { evidence, freed } = mitigated(run, 'release');
    assert.equal(evidence.byteExact, true);
    assert.equal(freed.lostBytes, 0);
    for (const file of ['stuck', 'control'] as const)
      assert.deepEqual(told(freed, file), ['fsync 0', 'close 0'], run.told);
  });

  for (const id of ['abort', 'kill-server']) {
    test(`${id}: what was under way is lost, and the writer is told at fsync(2) and at close(2)`, () => {
      const { evidence, freed } = mitigated(run, id);
      assert.equal(evidence.byteExact, null, 'the server cannot be asked');
      assert.equal(freed.lostBytes, PAGES * 4096);
      assert.equal(freed.keptBytes, PAGES * 4096, 'the page cache has it still');
      const [fsync, close] = told(freed, 'stuck');
      assert.equal(fsync, 'fsync ECONNABORTED', run.told);
      assert.notEqual(close, 'close 0', run.told);
      assert.ok(!told(freed, 'control').includes('fsync 0'), run.told);
    });
  }

  test('the report ends with all of them side by side', () => {
    const table = run.result.stdout.slice(run.result.stdout.indexOf('\nmitigations:'));
    for (const id of ['release', 'abort', 'kill-server'])
      assert.match(table, new RegExp(`writeback-held +${id} +16 MiB`));
    assert.equal(run.result.status, 0, run.told);
  });

  test('the machine is as it was', () => {
    assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
  });
});

describe('run splice-pinned and readahead-withheld with mitigations', requires(root, devFuse), () => {
  const untouched = machineState();
  let pinned: ScenarioRun;
  let locked: ScenarioRun;
  before(async () => {
    const wanted = ['abort', 'kill-server'].flatMap((id) => ['--mitigation', id]);
    pinned = await ScenarioRun.play('splice-pinned', ...STUCK, ...wanted);
    locked = await ScenarioRun.play('readahead-withheld', ...STUCK, '--mitigation', 'abort');
  });
  after(() => {
    pinned.remove();
    locked.remove();
  });

  test('splice-pinned: an abort does not drain the pipes of a server that lives: nothing moves', () => {
    const { outcome, verdict, freed } = mitigated(pinned, 'abort');
    assert.deepEqual([outcome, verdict], ['failed', 'pass'], pinned.told);
    assert.deepEqual([freed.frees, freed.freedFolios], [false, 0], pinned.told);
  });

  test('splice-pinned: the death of the server drains its pipes, and the set moves', () => {
    const { outcome, verdict, freed } = mitigated(pinned, 'kill-server');
    assert.deepEqual([outcome, verdict], ['failed', 'pass'], pinned.told);
    assert.ok(freed.frees === true && freed.freedFolios > 0, pinned.told);
    // The WRITEs had been acknowledged.
    assert.equal(freed.lostBytes, 0);
  });

  test('readahead-withheld: an abort unlocks the folios, and the trigger goes on', () => {
    const { outcome, verdict, freed } = mitigated(locked, 'abort');
    assert.deepEqual([outcome, verdict], ['stalled', 'pass'], locked.told);
    assert.ok(freed.frees === true && freed.freedFolios > 0, locked.told);
    assert.deepEqual([freed.confirmedBy, freed.lostBytes], ['kpageflags', 0]);
  });

  test('the machine is as it was', () => {
    assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
  });
});
