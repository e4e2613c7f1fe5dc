/** `cable-trip`: everything hangs, then everything drains. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { assertNothingLost, ScenarioRun } from '../../support/scenario-run.js';

describe('run cable-trip', requires(root, devFuse), () => {
  const untouched = machineState();
  let run: ScenarioRun;

  before(async () => {
    run = await ScenarioRun.play('cable-trip', '--stuck', '16M', '--hold', '1500ms');
  });
  after(() => run.remove());

  test('stalls until the cable is plugged in again, and not in the control arm', () => {
    assert.deepEqual(run.outcomes, ['control: migrated pass', 'fault: stalled pass'], run.told);
    assert.equal(run.result.status, 0, run.told);
    const [released] = run.events('released', 'fault');
    assert.equal(released?.by, 'plug');
    assert.ok((run.cell('fault').evidence.endAfterReleaseMs ?? -1) >= 0);
  });

  // Its caller sleeps interruptibly (request_wait_answer() in fs/fuse/dev.c), so it is no waiter in D state; that it is
  // answered in the end the workload checks itself.
  test('holds whatever else the kernel asks for, too', () => {
    assert.ok(run.cell('fault').evidence.heldOthers >= 1, run.told);
  });

  test('answers all that it held, once', () => {
    const [held] = run.events('held', 'fault');
    const [released] = run.events('released', 'fault');
    assert.ok(held && released && released.requests >= held.held.length, run.told);
    assert.ok(held.held.some(({ opcode }) => opcode !== 'FUSE_WRITE'));
    // The kernel takes one reply to a request; the second would be to nothing (ENOENT, fuse_dev_do_write()).
    const [answered] = run.events('answered', 'fault');
    assert.ok(answered && answered.replies > released.requests, run.told);
    assert.equal(answered.refused, 0);
  });

  test('nothing is lost, and the machine is as it was', () => {
    assertNothingLost(run);
    assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
  });
});
