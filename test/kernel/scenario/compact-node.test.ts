/** `compact-node`: one node's compaction does to each stuck set what vm.compact_memory does. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { compactNode } from '../../../src/trigger/compact-node.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { assertNothingLost, ScenarioRun } from '../../support/scenario-run.js';

describe(
  'run --trigger compact-node',
  requires(root, devFuse, () => compactNode.missing()),
  () => {
    const untouched = machineState();
    let run: ScenarioRun;

    before(async () => {
      const scenarios = ['writeback-held', 'splice-pinned'];
      run = await ScenarioRun.play(
        ...scenarios,
        '--trigger',
        'compact-node',
        '--stuck',
        '16M',
        '--hold',
        '1s',
      );
    });
    after(() => run.remove());

    test('waits for writeback, fails at pinned folios, and moves both control sets', () => {
      assert.deepEqual(
        run.outcomes,
        ['control: migrated pass', 'fault: stalled pass', 'control: migrated pass', 'fault: failed pass'],
        run.told,
      );
      assert.deepEqual([...new Set(run.json.cells.map(({ trigger }) => trigger))], ['compact-node']);
      assert.equal(run.result.status, 0, run.told);
    });

    test('the trigger hangs below the write to nodeN/compact, not below the sysctl', () => {
      const { waiters } = run.cell('fault').evidence;
      const stack = waiters.find(({ role }) => role === 'trigger')?.stack ?? [];
      assert.ok(stack.includes('folio_wait_writeback') && stack.includes('compact_node'), stack.join(' '));
      assert.ok(!stack.includes('sysctl_compaction_handler'), stack.join(' '));
    });

    test('nothing is lost, and the machine is as it was', () => {
      assertNothingLost(run);
      assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
    });
  },
);
