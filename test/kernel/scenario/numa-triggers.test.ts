/** move_pages(2), migrate_pages(2) and mbind(2) wait for a held folio as compaction does; only where there are two nodes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { lacksSecondNode } from '../../../src/trigger/other-node.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { assertNothingLost, ScenarioRun } from '../../support/scenario-run.js';

const triggers = ['move-pages', 'migrate-pages', 'mbind'];

describe(
  'run with triggers that move to another node',
  requires(root, devFuse, () => lacksSecondNode()),
  () => {
    const untouched = machineState();
    let run: ScenarioRun;

    before(async () => {
      const words = triggers.flatMap((one) => ['--trigger', one]);
      run = await ScenarioRun.play('writeback-held', ...words, '--stuck', '8M', '--hold', '1s');
    });
    after(() => run.remove());

    test('each moves the control set, and waits for writeback of the stuck one', () => {
      const pair = ['control: migrated pass', 'fault: stalled pass'];
      assert.deepEqual(run.outcomes, [...pair, ...pair, ...pair], run.told);
      assert.equal(run.result.status, 0, run.told);
    });

    test('every page that move_pages was asked for has a status', () => {
      const [control] = run.json.cells.filter(({ trigger }) => trigger === 'move-pages');
      const counted = Object.values(control?.evidence.pageStatus ?? {}).reduce((sum, one) => sum + one, 0);
      assert.equal(counted, control?.evidence.stuckFolios);
      assert.equal(control?.evidence.reach, 'asked');
    });

    test('nothing is lost, and the machine is as it was', () => {
      assertNothingLost(run);
      assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
    });
  },
);
