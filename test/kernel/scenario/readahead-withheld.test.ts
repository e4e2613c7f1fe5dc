/** `readahead-withheld`: folios whose data does not come are locked, and the trigger waits for the lock. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { assertNothingLost, ScenarioRun } from '../../support/scenario-run.js';

const PAGES = (16 << 20) / 4096;

describe('run readahead-withheld', requires(root, devFuse), () => {
  const untouched = machineState();
  let run: ScenarioRun;

  before(async () => {
    run = await ScenarioRun.play('readahead-withheld', '--stuck', '16M', '--hold', '1500ms');
  });
  after(() => run.remove());

  test('stalls by advice and by a plain sequential read, and not in the control arm', () => {
    assert.deepEqual(
      run.outcomes,
      ['control: migrated pass', 'fault fadvise: stalled pass', 'fault sequential: stalled pass'],
      run.told,
    );
    assert.equal(run.result.status, 0, run.told);
  });

  for (const variant of ['fadvise', 'sequential']) {
    test(`${variant}: READs are held for all of it, every folio is locked and none has its data`, () => {
      const { evidence } = run.cell('fault', variant);
      assert.equal(evidence.stuckLocked, PAGES);
      assert.equal(evidence.stuckWriteback, 0);
      assert.equal(evidence.heldBytes, 16 << 20);
      const [held] = run.events('held', 'fault', variant);
      assert.deepEqual([...new Set(held?.held.map(({ opcode }) => opcode))], ['FUSE_READ']);
    });

    test(`${variant}: names the folio that the trigger waits for, out of what was isolated last`, () => {
      const trigger = run.cell('fault', variant).evidence.waiters.find(({ role }) => role === 'trigger');
      assert.ok(trigger?.waitsFor?.pfn !== undefined, run.told);
      assert.ok(trigger.stack.includes('__folio_lock'), trigger.stack.join(' '));
      assert.ok(trigger.stack.includes('migrate_pages_batch'), trigger.stack.join(' '));
      const { index, pfn, unique } = trigger.waitsFor;
      const [named] = run.events('set-named', 'fault', variant);
      const pfns = run.directory.readNumbers(named?.stuckPfns ?? '');
      assert.equal(pfns?.[index], pfn);
      const [released] = run.events('released', 'fault', variant);
      const trace = run.directory.read(`trace-${released?.arm}.txt`) ?? '';
      const ranges = [
        ...trace.matchAll(/ (\d+\.\d+): mm_compaction_isolate_migratepages: range=\((0x\w+) ~ (0x\w+)\)/g),
      ].filter(([, seconds]) => Number(seconds) * 1e9 < (released?.askedNs ?? 0));
      const [, , start, end] = ranges.at(-1) ?? [];
      assert.ok(Number(start) <= pfn && pfn < Number(end), `${pfn} is not in ${start} ~ ${end}`);
      const [held] = run.events('held', 'fault', variant);
      const request = held?.held.find((one) => one.unique === unique);
      assert.ok(request?.offset !== undefined && request.offset !== null && request.size !== null);
      assert.ok(request.offset <= index * 4096 && index * 4096 < request.offset + request.size);
    });
  }

  test('the reader hangs in the sequential arm, and in the other one nobody of ours but the trigger', () => {
    const roles = (variant: string) =>
      run
        .cell('fault', variant)
        .evidence.waiters.filter(({ role }) => role !== 'other')
        .map(({ role }) => role);
    assert.deepEqual(roles('sequential').sort(), ['trigger', 'workload']);
    assert.deepEqual(roles('fadvise'), ['trigger']);
  });

  test('nothing is lost, and the machine is as it was', () => {
    assertNothingLost(run);
    assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
  });
});
