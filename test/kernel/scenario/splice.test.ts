/** `splice-pinned` and `splice-moved`: what is tried and fails, and whose pages are moved, and from where. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { after, before, describe, test } from 'node:test';
import type { Cell } from '../../../src/report/run-json.js';
import { spliceMoved } from '../../../src/scenario/catalog/splice-moved.js';
import { lackingForArm } from '../../../src/scenario/lacking.js';
import { differences, machineState, ourTasksInD } from '../../support/machine-state.js';
import { devFuse, type Requirement, requires, root } from '../../support/requirement.js';
import { assertNothingLost, ScenarioRun } from '../../support/scenario-run.js';

const PAGES = (16 << 20) / 4096;

/** The run directory is made below it. */
const givesPages: Requirement = () =>
  spliceMoved.arms.map((design) => lackingForArm(design, tmpdir())).find((lacking) => lacking !== undefined);

describe('run splice-pinned splice-moved', requires(root, devFuse), () => {
  const untouched = machineState();
  let run: ScenarioRun;

  before(async () => {
    run = await ScenarioRun.play('splice-pinned', 'splice-moved', '--stuck', '16M', '--hold', '1s');
  });
  after(() => run.remove());

  const cell = (scenario: string, arm: string, variant: string | null = null): Cell => {
    const is = (one: Cell) => one.scenario === scenario && one.arm === arm && one.variant === variant;
    return run.json.cells.find(is) ?? assert.fail(run.told);
  };

  test('splice-pinned: tried and failed while the pipes have the folios, moved once they are drained', () => {
    const { outcome, verdict, evidence } = cell('splice-pinned', 'fault');
    assert.deepEqual([outcome, verdict], ['failed', 'pass'], run.told);
    assert.equal(evidence.stuckFolios, PAGES);
    assert.equal(evidence.stuckWriteback, 0, 'no longer under writeback');
    assert.equal(evidence.heldBytes, PAGES * 4096);
    assert.ok(evidence.migrateFailedNearSet > 0, run.told);
    assert.equal(evidence.stuckMoved, 0);
    assert.ok(evidence.stuckMovedAtEnd > 0, run.told);
  });

  test('splice-pinned: without a pin the same folios move', () => {
    const { outcome, verdict } = cell('splice-pinned', 'control');
    assert.deepEqual([outcome, verdict], ['migrated', 'pass'], run.told);
  });

  test("splice-moved: READs that are written leave the kernel's own pages", () => {
    const { outcome, verdict, evidence } = cell('splice-moved', 'control');
    assert.deepEqual([outcome, verdict], ['migrated', 'pass'], run.told);
    const pages = evidence.serverPages ?? assert.fail(run.told);
    assert.ok(pages.kept >= PAGES * 0.99 && pages.replaced <= PAGES * 0.01, run.told);
    assertPageblocks(pages, evidence.stuckMoved);
  });

  test("splice-moved: the pipe's own pages are the folios, not from a movable allocation, and move", () => {
    const { outcome, verdict, attempts, reason, evidence } = cell('splice-moved', 'fault', 'from pipe');
    const pages = evidence.serverPages ?? assert.fail(run.told);
    assert.ok(pages.replaced >= PAGES * 0.9, run.told);
    assert.ok(pages.fromOtherFilesystem <= PAGES * 0.01, run.told);
    assertPageblocks(pages, evidence.stuckMoved);
    const control = cell('splice-moved', 'control').evidence.serverPages ?? assert.fail(run.told);
    assert.ok(inUnmovable(pages) > inUnmovable(control), run.told);
    // The ballast places movable pages only: these may all lie where the scanner never comes.
    if (outcome === 'unknown') {
      assert.equal(attempts, 3);
      assert.match(reason ?? '', /^the scanner reached/);
    } else assert.deepEqual([outcome, verdict], ['migrated', 'pass'], run.told);
  });

  test(
    'splice-moved: pages out of the page cache of another filesystem are the folios, and move',
    requires(givesPages),
    () => {
      const { outcome, verdict, evidence } = cell('splice-moved', 'fault', 'from file');
      assert.deepEqual([outcome, verdict], ['migrated', 'pass'], run.told);
      const pages = evidence.serverPages ?? assert.fail(run.told);
      assert.ok(pages.replaced >= PAGES * 0.9, run.told);
      assert.ok(pages.fromOtherFilesystem >= pages.replaced * 0.9, run.told);
      assertPageblocks(pages, evidence.stuckMoved);
    },
  );

  test('nothing is lost, and the machine is as it was', () => {
    assertNothingLost(run);
    assert.deepEqual([...differences(untouched, machineState()), ...ourTasksInD()], []);
  });

  /** Each folio once, and most with a pageblock. */
  function assertPageblocks(pages: Pages, moved: number): void {
    const sum = (of: 'folios' | 'moved') => pages.pageblocks.reduce((total, share) => total + share[of], 0);
    assert.deepEqual([sum('folios'), sum('moved')], [PAGES, moved], run.told);
    const unseen = pages.pageblocks.find(({ migratetype }) => migratetype === null)?.folios ?? 0;
    assert.ok(unseen < PAGES / 2, run.told);
  }
});

type Pages = NonNullable<Cell['evidence']['serverPages']>;

function inUnmovable({ pageblocks }: Pages): number {
  return pageblocks.find(({ migratetype }) => migratetype === 'Unmovable')?.folios ?? 0;
}
