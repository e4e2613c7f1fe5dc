/** `writeback-delayed`: the trigger waits for as long as the server takes, whatever that is. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { assertNothingLost, ScenarioRun } from '../../support/scenario-run.js';

describe('run writeback-delayed', requires(root, devFuse), () => {
  const untouched = machineState();
  let run: ScenarioRun;

  before(async () => {
    run = await ScenarioRun.play('writeback-delayed', '--stuck', '16M');
  });
  after(() => run.remove());

  test('stalls in each fault arm, and not in the control arm', () => {
    assert.deepEqual(
      run.outcomes,
      [
        'control: migrated pass',
        ...['250ms', '500ms', '1000ms', '2000ms', '4000ms'].map(
          (variant) => `fault ${variant}: stalled pass`,
        ),
      ],
      run.told,
    );
    assert.equal(run.result.status, 0, run.told);
  });

  test('the stall grows as the delay does: slope 1', () => {
    const [curve] = run.json.doseResponses;
    assert.equal(curve?.verdict, 'pass', run.told);
    assert.ok(Math.abs((curve.slope ?? 0) - 1) <= 0.05, `${curve.slope}`);
    for (const { delayMs, stallMs } of curve.points)
      assert.ok(stallMs !== null && stallMs < delayMs + 100, `${stallMs} ms for a delay of ${delayMs} ms`);
    assert.match(run.result.stdout, /slope \d\.\d{3} \(1 expected\)/);
  });

  test('every WRITE is late by the delay of its arm, and nobody had to release it', () => {
    for (const delayMs of [250, 4000]) {
      const [released] = run.events('released', 'fault', `${delayMs}ms`);
      const [held] = run.events('held', 'fault', `${delayMs}ms`);
      assert.equal(released?.by, 'delay');
      assert.equal(released.bytes, 16 << 20);
      assert.equal(held?.held.length, released.requests);
    }
  });

  test('nothing is lost, and the machine is as it was', () => {
    assertNothingLost(run);
    assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
  });
});
