/** splice-moved: whose pages the folios are, in which pageblocks they lie, and what is no proof of it. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext, test } from 'node:test';
import type { RunEvent } from '../../../src/record/events.js';
import type { RunDirectory } from '../../../src/record/run-directory.js';
import { gatherArms } from '../../../src/report/gather.js';
import { notServerPages, type ServerPagesEvidence } from '../../../src/report/server-pages.js';
import { renderTerminal } from '../../../src/report/terminal.js';
import { judgeRun } from '../../../src/report/write.js';
import { editEvents, syntheticRun } from './synthetic-run.js';
import { traceLine, traceText } from './trace-text.js';

const FIRST = 0x10000;
const PAGES = 8;
/** set-named of the control arm, and of the fault arm. */
const NAMED_US = [1_060_000, 11_060_000] as const;

const deleted = (device: string, pfn: number, order = 0) =>
  `mm_filemap_delete_from_page_cache: dev ${device} ino 7 pfn=0x${pfn.toString(16)} ofs=0 order=${order}`;
const freed = (pfn: number, migratetype: number) =>
  `mm_page_pcpu_drain: page=00000000deadbeef pfn=0x${pfn.toString(16)} order=0 migratetype=${migratetype}`;

interface Spoiled {
  /** Of the fault arm's 8 folios, those whose first frame is another one. */
  readonly replaced?: number;
  /** The same of the control arm. */
  readonly controlReplaced?: number;
}

/** The synthetic run, turned into one of splice-moved: the fault arm withholds nothing, and its folios move. */
function movedRun(t: TestContext, { replaced = PAGES, controlReplaced = 0 }: Spoiled = {}): RunDirectory {
  const run = syntheticRun(t);
  const counts = [controlReplaced, replaced];
  for (const arm of [0, 1]) {
    const added = Array.from({ length: PAGES }, (_, index) =>
      BigInt(FIRST + index + (index < (counts[arm] ?? 0) ? 0x50000 : 0)),
    );
    run.write(`pfns/${arm}-stuck-added.u64`, new Uint8Array(BigInt64Array.from(added).buffer));
    const at = (ms: number) => (NAMED_US[arm] ?? 0) + ms * 1000;
    const line = (ms: number, payload: string) => traceLine(300, 'node', at(ms), payload);
    run.write(
      `trace-${arm}.txt`,
      traceText(
        ...(arm === 0 ? [] : [line(-10, deleted('254:0', FIRST, 1)), line(-10, deleted('254:0', FIRST + 2))]),
        // Of the mount itself, and too late.
        line(-9, deleted('0:39', FIRST + 3)),
        line(50, deleted('254:0', FIRST + 4)),
        ...(run.read(`trace-${arm}.txt`) ?? '').trimEnd().split('\n'),
        ...[0, 1, 2, 3, 4, 5].map((index) => line(60, freed(FIRST + index, arm === 0 ? 1 : 0))),
        // Freed again: the first time is that of the folio.
        line(70, freed(FIRST, 2)),
        line(70, freed(FIRST + 6, 9)),
      ),
    );
  }
  const moved = Array.from({ length: PAGES }, (_, index) => BigInt(0x90000 + index));
  run.write('pfns/1-stuck-held.bin', new Uint8Array(BigInt64Array.from(moved).buffer));
  editEvents(run, (lines) =>
    lines.flatMap((text) => {
      const event = JSON.parse(text) as RunEvent;
      if (event.event === 'run-started') {
        const planned = event.planned.map((cell) => ({
          ...cell,
          arms: cell.arms.map((arm) => (arm.kind === 'fault' ? { ...arm, variant: 'from file' } : arm)),
        }));
        return [JSON.stringify({ ...event, planned })];
      }
      if (!('arm' in event)) return [text];
      if (event.event === 'arm-started')
        return [
          JSON.stringify({
            ...event,
            scenario: 'splice-moved',
            variant: event.kind === 'fault' ? 'from file' : null,
            stuckBy: null,
            waitsIn: null,
            serverPages: event.kind === 'fault' ? 'all' : 'none',
          }),
        ];
      if (event.event === 'set-named')
        return [JSON.stringify({ ...event, stuckAdded: `pfns/${event.arm}-stuck-added.u64` })];
      if (event.event === 'held' || event.event === 'released' || event.event === 'task-sampled') return [];
      return [text];
    }),
  );
  return run;
}

const fault = (run: RunDirectory) => gatherArms(run)[1]?.serverPages;

test('counts whose pages they are, where those came from, and the pageblocks in which they lay', (t) => {
  const run = movedRun(t);
  assert.deepEqual(fault(run), {
    wanted: 'all',
    replaced: 8,
    kept: 0,
    fromOtherFilesystem: 3,
    pageblocks: [
      { migratetype: 'Unmovable', folios: 6, moved: 6 },
      { migratetype: 'migratetype 9', folios: 1, moved: 1 },
      { migratetype: null, folios: 1, moved: 1 },
    ],
  } satisfies ServerPagesEvidence);
  assert.deepEqual(gatherArms(run)[0]?.serverPages, {
    wanted: 'none',
    replaced: 0,
    kept: 8,
    fromOtherFilesystem: 0,
    pageblocks: [
      { migratetype: 'Movable', folios: 6, moved: 6 },
      { migratetype: 'migratetype 9', folios: 1, moved: 1 },
      { migratetype: null, folios: 1, moved: 1 },
    ],
  } satisfies ServerPagesEvidence);
});

test('both arms are judged, and the report says it', (t) => {
  const report = judgeRun(movedRun(t));
  assert.deepEqual(
    report.cells.map(({ outcome, verdict }) => [outcome, verdict]),
    [
      ['migrated', 'pass'],
      ['migrated', 'pass'],
    ],
    JSON.stringify(report.cells.map(({ reason }) => reason)),
  );
  assert.match(report.cells[1]?.decidedBy ?? '', /^fuse_try_move_folio\(\) \(fs\/fuse\/dev\.c\)/);
  const text = renderTerminal(report);
  const ofFault = text.slice(text.indexOf('fault from file arm'));
  assert.match(ofFault, /\n {2}server pages: {5}8 folios, 3 out of another page cache; 0 are not\n/);
  assert.match(ofFault, /\n {2}pageblocks: {7}6 in Unmovable pageblocks, 6 of them moved\n/);
  assert.match(ofFault, /\n {2}pageblocks: {7}1 in unseen pageblocks, 1 of them moved\n/);
  assert.match(ofFault, /\n {2}moved: {12}8 of the stuck set, 0 of 8 beside it/);
  assert.doesNotMatch(ofFault, / held: /);
});

test('is unknown where the folios are not the pages that the arm is about', (t) => {
  const notGiven = judgeRun(movedRun(t, { replaced: 7 })).cells;
  assert.deepEqual(
    notGiven.map(({ outcome }) => outcome),
    ['migrated', 'unknown'],
  );
  assert.equal(notGiven[1]?.reason, '7 of 8 folios only are pages that the server gave');
  const givenInControl = judgeRun(movedRun(t, { controlReplaced: 1 })).cells;
  assert.deepEqual(
    givenInControl.map(({ outcome }) => outcome),
    ['unknown', 'migrated'],
  );
  assert.match(givenInControl[0]?.reason ?? '', /^7 of 8 folios only are the pages that the kernel had/);
});

test('is unknown where the first frames were not recorded, and asks nothing of other arms', (t) => {
  const run = movedRun(t);
  editEvents(run, (lines) => lines.map((line) => line.replace(/,"stuckAdded":"[^"]*"/, '')));
  assert.equal(fault(run), null);
  assert.deepEqual(
    judgeRun(run).cells.map(({ outcome, reason }) => [outcome, reason]),
    [
      ['unknown', 'whose pages the folios are was not recorded'],
      ['unknown', 'whose pages the folios are was not recorded'],
    ],
  );
  assert.equal(fault(syntheticRun(t)), undefined);
});

test('a fault arm that was skipped is told by its variant', (t) => {
  const run = movedRun(t);
  const ids = { scenario: 'splice-moved', trigger: 'compact', transport: 'dev-fuse' };
  run.append({ event: 'cell-skipped', cell: 0, variant: 'from tmpfs', ...ids, reason: 'nothing to give' });
  const report = judgeRun(run);
  assert.equal(report.verdict, 'pass');
  assert.deepEqual([report.cells[2]?.variant, report.cells[2]?.verdict], ['from tmpfs', 'skip']);
  assert.match(
    renderTerminal(report),
    /splice-moved from tmpfs x compact on dev-fuse: skipped: nothing to give/,
  );
});

describe('notServerPages', () => {
  const pages = { wanted: 'all', replaced: 90, kept: 10, fromOtherFilesystem: 0, pageblocks: [] } as const;
  it('lets a tenth be copied, and a hundredth be moved by the kernel itself', () => {
    assert.equal(notServerPages(pages, 100), undefined);
    assert.notEqual(notServerPages({ ...pages, replaced: 89 }, 100), undefined);
    assert.equal(notServerPages({ ...pages, wanted: 'none', kept: 99 }, 100), undefined);
    assert.notEqual(notServerPages({ ...pages, wanted: 'none', kept: 98 }, 100), undefined);
    assert.equal(notServerPages(undefined, 100), undefined);
  });
});
