/** Triggers that can take memory for good: without the user's word they are skipped, loudly, and change nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { triggers } from '../../../src/trigger/registry.js';
import { differences, machineState } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { ScenarioRun } from '../../support/scenario-run.js';

describe('run with triggers that harm the host', requires(root, devFuse), () => {
  test('each is skipped with what it lacks, and the machine is as it was', async () => {
    const untouched = machineState();
    const harmful = triggers.filter(({ harmsHost }) => harmsHost);
    assert.ok(harmful.length >= 4);
    const words = harmful.flatMap(({ id }) => ['--trigger', id]);
    const run = await ScenarioRun.play('writeback-held', ...words, '--stuck', '1M', '--hold', '100ms');
    try {
      assert.equal(run.result.status, 4, run.told);
      assert.deepEqual(
        run.json.cells.map(({ trigger, verdict }) => `${trigger} ${verdict}`),
        harmful.map(({ id }) => `${id} skip`),
      );
      for (const [index, cell] of run.json.cells.entries()) {
        const missing = harmful[index]?.missing() ?? '--i-know-this-host-is-disposable';
        assert.ok(cell.reason?.includes(missing), cell.reason);
        assert.ok(run.told.includes(`skipped: trigger ${cell.trigger}`), run.told);
      }
      assert.deepEqual(differences(untouched, machineState()), []);
    } finally {
      run.remove();
    }
  });
});
