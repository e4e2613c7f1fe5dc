/**
 * `hugetlb-alloc`, `thp-collapse`, `thp-fault`: direct compaction passes over folios under writeback, and what that costs is huge pages.
 * On a busy machine an arm may say nothing, three times over: then it must say so, and never anything else.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hugetlbAlloc } from '../../../src/trigger/hugetlb-alloc.js';
import { thpCollapse } from '../../../src/trigger/thp-collapse.js';
import { thpFault } from '../../../src/trigger/thp-fault.js';
import { disturb, killed } from '../../support/disturb.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { assertNothingLost, ScenarioRun } from '../../support/scenario-run.js';

/** In a container on bare metal they are skipped without that. */
const disposable = '--i-know-this-host-is-disposable';

/** Arms that said something. */
const known = new Set<string>();

for (const trigger of [hugetlbAlloc, thpCollapse, thpFault])
  describe(
    `run writeback-held --trigger ${trigger.id}`,
    requires(root, devFuse, () => trigger.missing()),
    () => {
      const untouched = machineState();
      let run: ScenarioRun;

      before(async () => {
        const words = ['--trigger', trigger.id, '--stuck', '32M', '--hold', '5s', disposable];
        run = await ScenarioRun.play('writeback-held', ...words);
      });
      after(() => run.remove());

      const isAsExpected = (arm: 'control' | 'fault', expected: string): boolean => {
        const { outcome, verdict, attempts } = run.cell(arm);
        if (outcome === 'unknown') assert.equal(attempts, 3, run.told);
        else assert.deepEqual([outcome, verdict], [expected, 'pass'], run.told);
        if (outcome !== 'unknown') known.add(`${trigger.id} ${arm}`);
        return outcome !== 'unknown';
      };

      test('the control arm gets the pageblocks of its set', () => {
        if (!isAsExpected('control', 'migrated')) return;
        const cost = run.cell('control').evidence.cost ?? assert.fail(run.told);
        assert.ok(cost.pageblocks > 0 && cost.pageblocksFreed >= cost.pageblocks / 4, run.told);
      });

      test('the fault arm gets none of them: its folios are passed over while those beside them move', () => {
        if (!isAsExpected('fault', 'not-attempted')) return;
        const { evidence } = run.cell('fault');
        const cost = evidence.cost ?? assert.fail(run.told);
        assert.equal(cost.pageblocksFreed, 0, run.told);
        assert.equal(evidence.stuckMoved, 0, run.told);
        assert.ok(evidence.controlMoved > 0, run.told);
        assert.equal(cost.controlPageblocksFreed, run.cell('control').evidence.cost?.pageblocksFreed);
        assert.match(run.result.stdout, /huge pages: +asked \d+ at most, obtained \d+$/m);
        assert.match(
          run.result.stdout.replaceAll(/\n +/g, ' '),
          /are huge pages now; in the control arm \d+/,
        );
      });

      test('nothing is lost, and the machine is as it was', () => {
        assertNothingLost(run);
        assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
      });
    },
  );

test(
  'not every arm was inconclusive',
  requires(root, devFuse, () => hugetlbAlloc.missing()),
  () => assert.ok(known.size > 0),
);

describe(
  'run writeback-held --trigger hugetlb-alloc',
  requires(root, devFuse, () => hugetlbAlloc.missing()),
  () => {
    test('SIGKILL of the runner when it has taken the huge pages: the guard gives them back', (t) =>
      disturb(t, {
        scenario: 'writeback-held',
        trigger: 'hugetlb-alloc',
        waitsIn: '',
        words: [disposable],
        when: (events) => events.some(({ event }) => event === 'huge-pages-taken'),
        act: (pidOf) => void process.kill(pidOf('runner'), 'SIGKILL'),
        withinMs: 30_000,
        ends: killed,
      }));
  },
);
