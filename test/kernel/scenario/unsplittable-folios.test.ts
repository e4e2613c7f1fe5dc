/** `dirty-large-folio`, `min-order-folio` and `hugetlb-unsplittable`: what is not split is not moved, and who is passed over. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { folioRequirements } from '../../../src/kernel/requirements/folios.js';
import { RunDirectory } from '../../../src/record/run-directory.js';
import { startCli } from '../../support/cli.js';
import { eventually } from '../../support/eventually.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, requires, root } from '../../support/requirement.js';
import { ScenarioRun } from '../../support/scenario-run.js';

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

    const cell = (scenario: string, arm: 'control' | 'fault', variant: string) => {
      const found = run.json.cells.find(
        (one) => one.scenario === scenario && one.arm === arm && one.variant === variant,
      );
      assert.ok(found?.evidence.folios, run.told);
      return { ...found, folios: found.evidence.folios };
    };

    test('dirty folios with state are neither moved nor split', () => {
      const { outcome, folios, reason } = cell('dirty-large-folio', 'fault', 'dirty');
      assert.equal(outcome, 'failed', reason);
      assert.equal(folios.dirty, folios.ofOrder);
      assert.equal(folios.withState, folios.ofOrder);
      assert.deepEqual(folios.ordersAfter, folios.ordersBefore);
      assert.ok((folios.splitAsked ?? 0) > 0);
      assert.equal(folios.splitDone, 0);
    });

    test('with room for them they move whole, dirty or clean, and only the clean ones can be split', () => {
      const dirty = cell('dirty-large-folio', 'control', 'dirty-with-room');
      assert.equal(dirty.outcome, 'migrated', dirty.reason);
      assert.ok(dirty.folios.movedWhole > 0, run.told);
      assert.equal(dirty.folios.withState, dirty.folios.ofOrder);
      assert.equal(dirty.folios.splitDone, 0);
      const clean = cell('dirty-large-folio', 'control', 'clean-with-room');
      assert.equal(clean.outcome, 'migrated', clean.reason);
      assert.ok(clean.folios.movedWhole > 0, run.told);
      assert.ok((clean.folios.splitAsked ?? 0) > 0);
      assert.equal(clean.folios.splitDone, clean.folios.splitAsked);
    });

    for (const variant of ['clean', 'dirty-whole'])
      test(`the same folios are split and moved: ${variant}`, () => {
        const { outcome, folios, reason } = cell('dirty-large-folio', 'control', variant);
        assert.equal(outcome, 'migrated', reason);
        assert.equal(folios.dirty, variant === 'clean' ? 0 : folios.ofOrder);
        assert.ok(folios.wholeAfter < folios.ofOrder, run.told);
      });

    test('folios of the least order are neither moved nor split, and without that order they are', () => {
      const { outcome, folios, reason } = cell('min-order-folio', 'fault', 'blocks-of-16k');
      assert.equal(outcome, 'failed', reason);
      assert.deepEqual(folios.ordersAfter, folios.ordersBefore);
      const control = cell('min-order-folio', 'control', 'blocks-of-4k');
      assert.equal(control.outcome, 'migrated', control.reason);
      assert.ok(control.folios.wholeAfter < control.folios.ofOrder, run.told);
      const withRoom = cell('min-order-folio', 'control', 'with-room');
      assert.equal(withRoom.outcome, 'migrated', withRoom.reason);
      assert.ok(withRoom.folios.movedWhole > 0, run.told);
    });

    test('hugetlb pages are passed over, and base pages are moved', () => {
      const { outcome, folios, reason } = cell('hugetlb-unsplittable', 'fault', 'hugetlb');
      assert.equal(outcome, 'not-attempted', reason);
      assert.equal(folios.hugetlb, folios.ofOrder);
      assert.equal(folios.pagesInTakenRanges, 0);
      assert.ok(folios.pagesPassedOver > 0);
      assert.equal(cell('hugetlb-unsplittable', 'control', 'base-pages').outcome, 'migrated');
    });

    test('every byte is there, and the machine is as it was', async () => {
      assert.deepEqual(
        run.json.cells.map(({ evidence }) => evidence.byteExact),
        run.json.cells.map(() => true),
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
