/** `writeback-held-mmap` on both transports, in one report: the kernel does the same, whoever moves the requests. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, libfuse, requires, root } from '../../support/requirement.js';
import { assertNothingLost, ScenarioRun } from '../../support/scenario-run.js';

const PAGES = (16 << 20) / 4096;

describe('run writeback-held-mmap', requires(root, devFuse, libfuse), () => {
  const untouched = machineState();
  let run: ScenarioRun;

  before(async () => {
    run = await ScenarioRun.play('writeback-held-mmap', '--stuck', '16M', '--hold', '1500ms');
  });
  after(() => run.remove());

  test('gives the same verdict on both', () => {
    assert.deepEqual(
      run.json.cells.map(
        ({ transport, arm, outcome, verdict }) => `${transport} ${arm}: ${outcome} ${verdict}`,
      ),
      [
        'dev-fuse control: migrated pass',
        'dev-fuse fault: stalled pass',
        'libfuse control: migrated pass',
        'libfuse fault: stalled pass',
      ],
      run.told,
    );
    assert.equal(run.result.status, 0, run.told);
  });

  test('holds all of it on both: in WRITEs as large as the protocol of each allows', () => {
    const faults = run.json.cells.filter(({ arm }) => arm === 'fault');
    for (const { evidence } of faults) {
      assert.equal(evidence.heldBytes, 16 << 20);
      assert.equal(evidence.stuckWriteback, PAGES);
      assert.ok(
        evidence.waiters.some(
          ({ role, stack }) => role === 'trigger' && stack.includes('folio_wait_writeback'),
        ),
      );
    }
    const [raw, libfuse] = faults.map(({ evidence }) => evidence.heldRequests);
    assert.equal(libfuse, 128);
    assert.ok(raw !== undefined && raw < 128, `${raw}`);
  });

  test('nothing is lost, and the machine is as it was', () => {
    assertNothingLost(run);
    assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
  });
});
