/**
 * Each mitigation on the running kernel, beside the same arm without it: whether the stuck folios move after it, what
 * is lost, and what the writer is told.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findMitigation } from '../../../src/mitigation/registry.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { mitigated, told } from '../../support/mitigated.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { ScenarioRun } from '../../support/scenario-run.js';

const PAGES = 4096;
const STUCK = ['--stuck', '16M', '--hold', '2s'];
const timesOut = () => findMitigation('request-timeout')?.missing();
const ending = ['abort', 'kill-server', ...(timesOut() === undefined ? ['request-timeout'] : [])];
const freeing = ['release', ...ending];

describe('run writeback-held with mitigations', requires(root, devFuse), () => {
  const untouched = machineState();
  let run: ScenarioRun;
  before(async () => {
    const wanted = [...freeing, 'bdi-limit'].flatMap((id) => ['--mitigation', id]);
    run = await ScenarioRun.play('writeback-held', ...STUCK, ...wanted);
  });
  after(() => run.remove());

  for (const id of freeing) {
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

  for (const id of ending) {
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

  test('bdi-limit: the writer is stopped before it has written all, and what is stuck by then is enough', () => {
    const { outcome, verdict, evidence, freed } = mitigated(run, 'bdi-limit');
    assert.deepEqual([outcome, verdict, evidence.byteExact], ['stalled', 'pass', true], run.told);
    assert.ok(freed.limits?.stoppedWriter === true, run.told);
    assert.deepEqual([freed.limits.maxRatio, freed.limits.strictLimit], [1, 1]);
    assert.ok(freed.limits.writtenBytes < freed.limits.wantedBytes, run.told);
    assert.deepEqual([freed.frees, freed.toFirstMigrationMs, freed.lostBytes], [null, null, 0]);
  });

  test(
    'request-timeout: the kernel ends the connection by itself, and its sysctl is what it was',
    requires(timesOut),
    () => {
      const { freed } = mitigated(run, 'request-timeout');
      assert.ok(freed.appliedAfterMs !== null && freed.appliedAfterMs > 5000, run.told);
    },
  );

  test('the report ends with all of them side by side', () => {
    const table = run.result.stdout.slice(run.result.stdout.indexOf('\nmitigations:'));
    for (const id of freeing) assert.match(table, new RegExp(`writeback-held +${id} +16 MiB`));
    assert.equal(run.result.status, 0, run.told);
  });

  test('the machine is as it was', () => {
    assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
  });
});
