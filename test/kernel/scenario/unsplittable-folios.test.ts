/** `dirty-large-folio`, `min-order-folio` and `hugetlb-unsplittable`: what is not split is not moved, and who is passed over. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { folioRequirements } from '../../../src/kernel/requirements/folios.js';
import { RunDirectory } from '../../../src/record/run-directory.js';
import type { Cell } from '../../../src/report/run-json.js';
import { startCli } from '../../support/cli.js';
import { eventually } from '../../support/eventually.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { ScenarioRun } from '../../support/scenario-run.js';

type FoliosSeen = NonNullable<Cell['evidence']['folios']>;

async function lacking(): Promise<string | undefined> {
  for (const { requirement, check } of folioRequirements) {
    const finding = await check();
    if (finding.state === 'missing') return `${requirement}: ${finding.found} (${finding.remedy})`;
  }
  return undefined;
}
const missing = await lacking();
const folios = () => missing;

describe(
  'run dirty-large-folio min-order-folio hugetlb-unsplittable',
  requires(root, devFuse, folios),
  () => {
    const untouched = machineState();
    let run: ScenarioRun;

    before(async () => {
      run = await ScenarioRun.play(
        'dirty-large-folio',
        'min-order-folio',
        'hugetlb-unsplittable',
        '--stuck',
        '16M',
      );
    });
    after(() => run.remove());

    /** Of an arm that came out as expected; undefined where it was skipped, or said nothing three times over. */
    const foliosOf = (scenario: string, variant: string, outcome: string): FoliosSeen | undefined => {
      const found = run.json.cells.find((one) => one.scenario === scenario && one.variant === variant);
      assert.ok(found, run.told);
      if (found.arm === null) return undefined;
      if (found.outcome === 'unknown') {
        assert.equal(found.attempts, 3, run.told);
        return undefined;
      }
      assert.deepEqual([found.outcome, found.verdict], [outcome, 'pass'], run.told);
      assert.ok(found.evidence.folios, run.told);
      return found.evidence.folios;
    };

    test('most arms come out, and none otherwise than expected', () => {
      const played = run.json.cells.filter(({ arm }) => arm !== null);
      const known = played.filter(({ outcome }) => outcome !== 'unknown');
      assert.ok(known.length > played.length / 2, run.told);
      assert.deepEqual(
        known.map(({ verdict }) => verdict),
        known.map(() => 'pass'),
        run.told,
      );
    });

    test('dirty folios with state are neither moved nor split', () => {
      const folios = foliosOf('dirty-large-folio', 'dirty', 'failed');
      if (folios === undefined) return;
      assert.equal(folios.dirty, folios.ofOrder);
      assert.equal(folios.withState, folios.ofOrder);
      assert.deepEqual(folios.ordersAfter, folios.ordersBefore);
      assert.ok((folios.splitAsked ?? 0) > 0);
      assert.equal(folios.splitDone, 0);
    });

    test('with room for them they move whole, and cannot be split even so', () => {
      const folios = foliosOf('dirty-large-folio', 'dirty-with-room', 'migrated');
      if (folios === undefined) return;
      assert.ok(folios.movedWhole > 0, run.told);
      assert.equal(folios.withState, folios.ofOrder);
      assert.equal(folios.splitDone, 0);
    });

    test('clean ones move whole where there is room, and can be split', () => {
      const folios = foliosOf('dirty-large-folio', 'clean-with-room', 'migrated');
      if (folios === undefined) return;
      assert.ok(folios.movedWhole > 0, run.told);
      assert.ok((folios.splitAsked ?? 0) > 0);
      assert.equal(folios.splitDone, folios.splitAsked);
    });

    test('debugfs is asked as well where it can be had, and else it is said why not', () => {
      const played = run.json.cells.flatMap(({ evidence: { folios }, arm, outcome }) =>
        folios && arm !== null && outcome !== 'unknown' ? [folios] : [],
      );
      for (const { memory, state, splitHugePages } of played) {
        if (memory === 'anonymous') assert.equal(splitHugePages, null);
        else if (splitHugePages?.lacking !== null) assert.match(splitHugePages?.lacking ?? '', /debugfs/);
        else if (memory === 'hugetlb' || state === 'dirty') assert.equal(splitHugePages.done, 0);
      }
      assert.ok(played.some(({ splitHugePages }) => splitHugePages !== null));
    });

    for (const variant of ['clean', 'dirty-whole'])
      test(`the same folios are split and moved: ${variant}`, () => {
        const folios = foliosOf('dirty-large-folio', variant, 'migrated');
        if (folios === undefined) return;
        assert.equal(folios.dirty, variant === 'clean' ? 0 : folios.ofOrder);
        assert.ok(folios.wholeAfter < folios.ofOrder, run.told);
      });

    test('folios of the least order are neither moved nor split', () => {
      const folios = foliosOf('min-order-folio', 'blocks-of-16k', 'failed');
      if (folios !== undefined) assert.deepEqual(folios.ordersAfter, folios.ordersBefore);
    });

    test('without that order they are split, and with room they move whole', () => {
      const small = foliosOf('min-order-folio', 'blocks-of-4k', 'migrated');
      if (small !== undefined) assert.ok(small.wholeAfter < small.ofOrder, run.told);
      const room = foliosOf('min-order-folio', 'with-room', 'migrated');
      if (room !== undefined) assert.ok(room.movedWhole > 0, run.told);
    });

    test('hugetlb pages are passed over, and base pages are moved', () => {
      foliosOf('hugetlb-unsplittable', 'base-pages', 'migrated');
      const folios = foliosOf('hugetlb-unsplittable', 'hugetlb', 'not-attempted');
      if (folios === undefined) return;
      assert.equal(folios.hugetlb, folios.ofOrder);
      assert.equal(folios.pagesInTakenRanges, 0);
      assert.ok(folios.pagesPassedOver > 0);
    });

    test('every byte is there, and the machine is as it was', async () => {
      const played = run.json.cells.filter(({ arm }) => arm !== null);
      assert.deepEqual(
        played.map(({ evidence }) => evidence.byteExact),
        played.map(() => true),
      );
      const left = () => [...differences(untouched, machineState()), ...ourTasksInD()];
      await eventually('the loop devices to be free', 10_000, () => left().length === 0).catch(() =>
        assert.deepEqual(left(), []),
      );
    });
  },
);

describe('the runner killed while an image is mounted', requires(root, devFuse, folios), () => {
  test('leaves no mount, no loop device and no changed value', async () => {
    const untouched = machineState();
    const parent = mkdtempSync(join(tmpdir(), 'stuckfs-image-'));
    const out = join(parent, 'run');
    const words = ['dirty-large-folio', '--trigger', 'compact', '--on', 'host', '--stuck', '16M'];
    const run = startCli(['run', ...words, '--out', out], 120_000);
    try {
      const begun = () =>
        existsSync(join(out, 'events.jsonl')) &&
        RunDirectory.open(out)
          .events()
          .some(({ event }) => event === 'placed');
      await eventually('the folios to be placed', 60_000, begun, 5);
      assert.ok(machineState().loopDevices.length > untouched.loopDevices.length);
      run.process.kill('SIGKILL');
      await run.result;
      const left = () => [...differences(untouched, machineState()), ...ourTasksInD()];
      await eventually('the machine as before', 20_000, () => left().length === 0).catch(() =>
        assert.deepEqual(left(), []),
      );
    } finally {
      run.process.kill('SIGKILL');
      await run.result;
      rmSync(parent, { recursive: true, force: true });
    }
  });
});
