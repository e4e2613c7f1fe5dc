/**
 * Mitigations where folios are stuck by a lock, or by a reference; and a run that is killed while its server lives on
 * without a connection.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { disturb, killed } from '../../support/disturb.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { mitigated } from '../../support/mitigated.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { ScenarioRun } from '../../support/scenario-run.js';

const STUCK = ['--stuck', '16M', '--hold', '1s'];

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

test(
  'SIGKILL of the runner after it has aborted: the server that lives on is ended, too',
  requires(root, devFuse),
  (t) =>
    disturb(t, {
      scenario: 'writeback-held',
      waitsIn: 'folio_wait_writeback',
      words: ['--mitigation', 'abort'],
      hold: '100ms',
      when: (events) => events.some(({ event }) => event === 'mitigated'),
      act: (pidOf) => void process.kill(pidOf('runner'), 'SIGKILL'),
      ends: killed,
    }),
);
