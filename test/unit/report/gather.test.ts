import assert from 'node:assert/strict';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { StuckfsError } from '../../../src/base/errors.js';
import type { RunDirectory } from '../../../src/record/run-directory.js';
import { gatherArms, gatherLastArm } from '../../../src/report/gather.js';
import { RunJsonSpec } from '../../../src/report/run-json.js';
import { renderTerminal } from '../../../src/report/terminal.js';
import { judgeRun, readReport, reportRun } from '../../../src/report/write.js';
import { fixture } from '../kernel/fixtures.js';
import { editEvents, syntheticRun } from './synthetic-run.js';
import { isolated, migrated, migrateStart, traceLine } from './trace-text.js';

const fault = (run: RunDirectory) => gatherArms(run)[1] ?? assert.fail('no fault arm');
const cells = (run: RunDirectory) => judgeRun(run).cells;

test('joins the held request, the folio and the task that waits for it', (t) => {
  const evidence = fault(syntheticRun(t));
  assert.deepEqual(evidence.waiters, [
    {
      role: 'trigger',
      pid: 501,
      comm: 'node',
      state: 'D',
      stack: ['folio_wait_bit_common', 'folio_wait_writeback', 'migrate_pages_batch'],
      waitsFor: {
        bdi: '0:39',
        inode: 2,
        index: 5,
        pfn: 0x10005,
        unique: '102',
        namedBy: 'folio_wait_writeback',
      },
    },
  ]);
  assert.equal(evidence.heldRequests, 2);
  assert.equal(evidence.heldBytes, 8 * 4096);
  assert.equal(evidence.heldFolios, 8);
});

test('counts what was stuck, reached and moved, before and after the release', (t) => {
  const run = syntheticRun(t);
  const [control] = gatherArms(run);
  const held = fault(run);
  const counts = ({
    stuckFolios,
    stuckWriteback,
    stuckReached,
    stuckMoved,
    stuckMovedAtEnd,
    controlMoved,
  }: typeof held) => [stuckFolios, stuckWriteback, stuckReached, stuckMoved, stuckMovedAtEnd, controlMoved];
  assert.deepEqual(counts(control ?? assert.fail()), [8, 0, 8, 8, 8, 8]);
  assert.deepEqual(counts(held), [8, 8, 8, 0, 8, 0]);
  assert.equal(held.writebackInPlace, true);
  assert.equal(held.triggerMs, 5040);
  assert.equal(held.heldMs, 5000);
  assert.equal(held.endAfterReleaseMs, 40);
  assert.equal(held.unfinishedMigrations, 1);
  assert.deepEqual([held.writebackBefore, held.writebackAfter], [3, 0]);
});

test('judges both arms, writes a report that can be read, and judges the same again', async (t) => {
  const run = syntheticRun(t);
  const report = await reportRun(run);
  assert.deepEqual(
    report.cells.map(({ arm, outcome, verdict }) => [arm, outcome, verdict]),
    [
      ['control', 'migrated', 'pass'],
      ['fault', 'stalled', 'pass'],
    ],
  );
  assert.equal(report.verdict, 'pass');
  assert.equal(report.kernel, '6.18.0-test');
  assert.deepEqual(RunJsonSpec.parse(JSON.parse(run.read('run.json') ?? '')), report);
  assert.deepEqual(readReport(run), report);
});

test('the last arm alone is gathered as it is with the others', (t) => {
  const run = syntheticRun(t);
  const all = gatherArms(run);
  assert.ok(all.length > 1);
  assert.deepEqual(gatherLastArm(run), all.at(-1));
});

test('data that is not byte-exact makes an arm unknown, and says where', (t) => {
  const run = syntheticRun(t);
  editEvents(run, (lines) => lines.map((line) => line.replace('"cached":[-1,-1]', '"cached":[-1,4096]')));
  for (const cell of cells(run)) {
    assert.equal(cell.outcome, 'unknown');
    assert.match(cell.reason ?? '', /control file: wrong byte at offset 4096 in the page cache/);
    assert.equal(cell.evidence.byteExact, false);
  }
});

test('lost events make an arm unknown, whether the kernel counted them or the text tells', (t) => {
  const run = syntheticRun(t);
  run.write('trace-1.txt', `CPU:0 [LOST 5 EVENTS]\n${run.read('trace-1.txt')}`);
  editEvents(run, (lines) =>
    lines.map((line) => line.replace('"trace-1.txt","lostEvents":0', '"trace-1.txt","lostEvents":7')),
  );
  const [control, held] = cells(run);
  assert.equal(control?.outcome, 'migrated');
  assert.equal(held?.outcome, 'unknown');
  assert.match(held?.reason ?? '', /lost 12 events/);
});

const broken: readonly (readonly [name: string, breakIt: (run: RunDirectory) => void, reason: RegExp])[] = [
  ['its trace is missing', (run) => rmSync(run.artifact('trace-1.txt')), /trace-1\.txt is missing/],
  ['its pfns are missing', (run) => rmSync(run.artifact('pfns', '1-stuck.bin')), /1-stuck\.bin is missing/],
  [
    'its pfns are cut short',
    (run) => truncateSync(run.artifact('pfns', '1-stuck.bin'), 3),
    /holds 0 of 8 pages/,
  ],
  ['its flags are missing', (run) => rmSync(run.artifact('pfns', '1-flags.bin')), /1-flags\.bin is missing/],
  [
    'its trace has a line of no known form',
    (run) => {
      const text = run.read('trace-1.txt') ?? '';
      run.write('trace-1.txt', text.replace('range=(', 'span=('));
    },
    /mm_compaction_isolate_migratepages|trace/,
  ],
  ['its trace is empty', (run) => writeFileSync(run.artifact('trace-1.txt'), ''), /no mark of the trigger/],
];
for (const [name, breakIt, reason] of broken) {
  test(`an arm is unknown when ${name}, and the other arm is judged as before`, (t) => {
    const run = syntheticRun(t);
    breakIt(run);
    const [control, held] = cells(run);
    assert.equal(control?.outcome, 'migrated');
    assert.equal(held?.outcome, 'unknown');
    assert.match(held?.reason ?? '', reason);
  });
}

test('a run that was killed at any moment is unknown where it broke off, with a reason', (t) => {
  const lines: string[] = [];
  editEvents(syntheticRun(t), (all) => {
    lines.push(...all);
    return all;
  });
  const ended = lines.findIndex((line) => line.includes('"trace-ended","arm":1'));
  for (let kept = 1; kept < ended; kept++) {
    const run = syntheticRun(t);
    editEvents(run, () => lines.slice(0, kept));
    const report = judgeRun(run);
    const last = report.cells.at(-1);
    assert.ok(RunJsonSpec.safeParse(report).success);
    assert.equal(report.verdict, 'unknown', `after ${lines[kept - 1]}`);
    assert.deepEqual([report.cells.length, last?.arm, last?.outcome], [2, 'fault', 'unknown']);
    assert.match(last?.reason ?? '', /ended before/);
  }
});

function edited(t: TestContext, edit: (line: string) => string): RunDirectory {
  const run = syntheticRun(t);
  editEvents(run, (lines) => lines.map(edit));
  return run;
}

test('an event without its fields costs its arm the verdict, and is told; the other arm is judged as before', (t) => {
  const names = ['held', 'set-named', 'task-sampled', 'hold-ended', 'released', 'trigger-ended', 'set-found'];
  names.push('verified', 'answered', 'vmstat', 'trace-ended', 'trigger-started', 'arm-started');
  for (const name of names) {
    const run = edited(t, (line) => {
      const { event, arm, atNs } = JSON.parse(line);
      return event === name && arm === 1 ? JSON.stringify({ event, arm, atNs }) : line;
    });
    const report = judgeRun(run);
    assert.deepEqual(
      report.cells.map(({ arm, outcome, verdict }) => [arm, outcome, verdict]),
      [
        ['control', 'migrated', 'pass'],
        ['fault', 'unknown', 'unknown'],
      ],
      name,
    );
    assert.match(
      report.cells[1]?.reason ?? '',
      new RegExp(`line \\d+ of events.jsonl is no event ${name}: `),
    );
    assert.match(report.damage.join(), new RegExp(`is no event ${name}: `));
    assert.equal(report.verdict, 'unknown');
  }
});

test('a line of a newer stuckfs, or no JSON, costs the arm in which it stands', (t) => {
  for (const line of ['{"event":"shiny","arm":1,"atNs":1}', '{"event":"shiny","atNs":1}', '{"event":"he']) {
    const run = syntheticRun(t);
    editEvents(run, (lines) => [...lines.slice(0, -2), line, ...lines.slice(-2)]);
    const { cells, damage, verdict } = judgeRun(run);
    assert.deepEqual([cells[0]?.verdict, cells[1]?.verdict, verdict], ['pass', 'unknown', 'unknown'], line);
    assert.equal(damage.length, 1);
    assert.match(
      renderTerminal(judgeRun(run)),
      /^.*\n\nthe run directory is damaged:\n {2}line \d+ of events/,
    );
  }
});

test('a record that lacks the end of an arm, or of the run, does not pass', (t) => {
  const without = (isLost: (line: { event: string; arm?: number }) => boolean) => {
    const run = syntheticRun(t);
    editEvents(run, (lines) => lines.filter((line) => !isLost(JSON.parse(line))));
    return judgeRun(run);
  };
  const arm = without(({ event, arm }) => event === 'arm-ended' && arm === 1);
  assert.deepEqual([arm.cells[0]?.verdict, arm.cells[1]?.verdict], ['pass', 'unknown']);
  assert.match(arm.cells[1]?.reason ?? '', /the record ends before the arm did/);
  const whole = without(({ event }) => event === 'run-ended');
  assert.deepEqual([whole.cells[1]?.verdict, whole.verdict], ['pass', 'unknown']);
  assert.match(whole.damage.join(), /no event run-ended/);
});

test('without its plan a run is unknown, though each arm that it has is judged', (t) => {
  const run = syntheticRun(t);
  editEvents(run, (lines) => lines.slice(1));
  const { cells, damage, verdict } = judgeRun(run);
  assert.deepEqual([cells[0]?.verdict, cells[1]?.verdict, verdict], ['pass', 'pass', 'unknown']);
  assert.match(damage.join(), /no event run-started/);
});

test('a kernel whose trace events have other fields than those that are read says nothing', (t) => {
  const format = fixture('format-mm_migrate_pages-6.18');
  const changes: readonly (readonly [text: string, reason: RegExp | undefined])[] = [
    [format, undefined],
    // A field more, as newer kernels have them.
    [
      format.replace('succeeded;', 'succeeded;\toffset:8;\tsize:8;\tsigned:0;\n\tfield:int shiny;'),
      undefined,
    ],
    [format.replace(' failed;', ' missed;'), /mm_migrate_pages has no field failed/],
    [format.replace('name: mm_migrate_pages', 'name: another'), /the format of mm_migrate_pages/],
    [format.slice(0, 200), /formats\/mm_migrate_pages\.txt/],
    ['', /formats\/mm_migrate_pages\.txt/],
  ];
  for (const [text, reason] of changes) {
    const run = syntheticRun(t);
    run.write('formats/mm_migrate_pages.txt', text);
    const [, held] = cells(run);
    assert.equal(held?.outcome, reason === undefined ? 'stalled' : 'unknown', held?.reason);
    if (reason !== undefined) assert.match(held?.reason ?? '', reason);
  }
});

test('an environment that is missing or broken is told, and the arms are judged', (t) => {
  const run = syntheticRun(t);
  rmSync(run.artifact('environment.json'));
  assert.match(judgeRun(run).damage.join(), /environment\.json is missing/);
  for (const text of ['{"stuckfs":', 'null', '7', '{"seed":"x"}', '{"kernel":null}']) {
    run.write('environment.json', text);
    const { kernel, cells, damage, verdict } = judgeRun(run);
    assert.deepEqual([kernel, cells[1]?.verdict, verdict], ['unknown', 'pass', 'unknown'], text);
    assert.match(damage.join(), /^environment\.json/, text);
  }
});

test('a run.json beside it that is broken is told; one of a newer stuckfs is refused', async (t) => {
  const run = syntheticRun(t);
  await reportRun(run);
  const text = run.read('run.json') ?? '';
  assert.deepEqual(readReport(run).damage, []);
  for (const broken of [text.slice(0, 500), '{}', text.replace('"stalled"', '"stuck"')]) {
    run.write('run.json', broken);
    const { damage, verdict, cells } = readReport(run);
    assert.deepEqual([damage.length, verdict, cells[1]?.verdict], [1, 'unknown', 'pass']);
    assert.match(damage[0] ?? '', /^run\.json /);
  }
  run.write('run.json', text.replace('"version": 1', '"version": 2'));
  assert.throws(() => readReport(run), StuckfsError);
});

test('a stack from before the wait that the trace shows proves nothing', (t) => {
  // The wait of the trace begins 101 ms into the arm.
  const before = `"atNs":${1_000_000_000 + 10_100 * 1_000_000}`;
  const run = edited(t, (line) =>
    line.includes('"task-sampled"') ? line.replace(/"atNs":\d+/, before) : line,
  );
  const held = cells(run)[1];
  assert.equal(held?.outcome, 'unknown');
  assert.match(held?.reason ?? '', /never seen in D state while it waited/);
});

test('a fault arm whose release was not written down is unknown', (t) => {
  const run = syntheticRun(t);
  editEvents(run, (lines) => lines.filter((line) => !line.includes('"event":"released"')));
  assert.match(cells(run)[1]?.reason ?? '', /ended before the release/);
});

test('an arm whose server did not start is an arm of the run, and unknown', (t) => {
  const run = syntheticRun(t);
  editEvents(run, (lines) =>
    lines.flatMap((line) => {
      const { event, arm } = JSON.parse(line);
      if (arm !== 1) return [line];
      return event === 'arm-started' ? [line.replace('"device":"0:39"', '"device":""')] : [];
    }),
  );
  run.append({ event: 'arm-failed', arm: 1, reason: 'the daemon ended before it was ready' });
  const report = judgeRun(run);
  assert.equal(report.verdict, 'unknown');
  assert.match(report.cells[1]?.reason ?? '', /ended before it was ready/);
});

test('a folio whose lock is waited for is named from the last range that was isolated, and that is said', (t) => {
  const run = edited(t, (line) =>
    line
      .replace('"stuckBy":"writeback"', '"stuckBy":"lock"')
      .replace('"waitsIn":"folio_wait_writeback"', '"waitsIn":"__folio_lock"'),
  );
  // A wait for the writeback of somebody else's folio, over by then, names nothing.
  run.write('trace-1.txt', (run.read('trace-1.txt') ?? '').replace('bdi 0:39: ino=2', 'bdi 8:0: ino=77'));
  assert.deepEqual(fault(run).waiters[0]?.waitsFor, {
    bdi: '0:39',
    inode: 2,
    index: 7,
    pfn: 0x10007,
    unique: '102',
    namedBy: 'mm_compaction_isolate_migratepages',
  });
});

test('of a trigger that is pulled twice, each time counts for itself', (t) => {
  const run = syntheticRun(t);
  const mark = 'stuckfs trigger of arm 1, again';
  const atUs = (ms: number) => (1_000_000_000 + (10_000 + ms) * 1_000_000) / 1000;
  const line = (ms: number, payload: string) => `${traceLine(501, 'node', atUs(ms), payload)}\n`;
  run.write(
    'trace-1.txt',
    run.read('trace-1.txt') +
      line(5142, `tracing_mark_write: ${mark}`) +
      line(5143, isolated(0x10000, 0x10004)) +
      line(5144, migrateStart) +
      line(5145, migrated(4, 9)),
  );
  run.append({ event: 'triggered-again', arm: 1, result: 0, mark });
  const held = fault(run);
  assert.deepEqual([held.reachedAgain, held.reachedAgainMoved, held.triggeredAgain], [4, 4, 0]);
  assert.deepEqual([held.migrateSucceeded, held.migrateFailed, held.stuckReached], [16, 0, 8]);
});

test('what reclaim unmapped is where it was, and what it freed is elsewhere, once it was mapped in', (t) => {
  const mark = 'stuckfs trigger of arm 1, again';
  const maps = (event: string) => (line: string) =>
    line.replace(
      `"event":"${event}","arm":1`,
      `"event":"${event}","arm":1,"stuckPfnsMapped":"pfns/${event}.bin"`,
    );
  const run = edited(t, (line) => maps('set-found')(maps('hold-ended')(line)));
  run.append({ event: 'triggered-again', arm: 1, result: 0, mark });
  const table = (name: string, pfns: readonly number[]) =>
    writeFileSync(run.artifact(name), new Uint8Array(BigInt64Array.from(pfns, BigInt).buffer));
  const then = Array.from({ length: 8 }, (_, index) => 0x10000 + index);
  table('pfns/1-stuck-held.bin', then.with(0, -1).with(1, -1));
  table('pfns/hold-ended.bin', then.with(1, 0x500));
  // Two reclaimed, one of them read into the very frame that it had; one moved; one unmapped only.
  table('pfns/1-stuck-end.bin', then.with(0, -1).with(1, -1).with(2, 0x600).with(3, -1));
  table('pfns/set-found.bin', then.with(0, 0x501).with(2, 0x600));
  const held = fault(run);
  assert.equal(held.failure, undefined);
  assert.equal(held.stuckStill, 7);
  assert.deepEqual([held.reachedAgain, held.reachedAgainMoved, held.reachedAgainReclaimed], [1, 0, 1]);
  truncateSync(run.artifact('pfns/set-found.bin'), 8);
  assert.match(fault(run).failure ?? '', /pfns\/set-found.bin holds 1 of 8 pages/);
});

test('of a trigger that asks for folios, those that it asked for count as reached, whatever compaction isolated', (t) => {
  const asks = (more: string) =>
    edited(t, (line) =>
      line
        .replace('"stuckBy":"writeback"', '"stuckBy":"writeback","reach":"asked"')
        .replace('"event":"arm-started"', '"event":"arm-started","answers":[{"errno":16,"means":"is busy"}]')
        .replace('"event":"trigger-ended"', `"event":"trigger-ended"${more}`),
    );
  const all = asks(`,"pageStatus":{"EBUSY":8},"asked":[[${0x10000},${0x10008}]]`);
  all.write('trace-1.txt', (all.read('trace-1.txt') ?? '').replace(/^.*isolate_migratepages.*\n/gm, ''));
  assert.deepEqual([fault(all).stuckReached, fault(all).controlReached], [8, 0]);
  assert.equal(cells(all)[1]?.outcome, 'stalled');
  assert.deepEqual(cells(all)[1]?.evidence.pageStatus, { EBUSY: 8 });
  const three = asks(`,"asked":[[${0x10000},${0x10003}]]`);
  assert.equal(fault(three).stuckReached, 3);
  assert.equal(fault(three).stuckReachedStill, 3);
  assert.equal(fault(three).stuckReachedMovedAtEnd, Math.min(3, fault(three).stuckMovedAtEnd));
  const none = asks('');
  assert.equal(fault(none).stuckReached, 0, 'nobody says what was asked for');
  const busy = asks('');
  editEvents(busy, (lines) => lines.map((line) => line.replace('"result":0', '"result":-16')));
  assert.equal(fault(busy).triggerAnswer, 'is busy');
  assert.equal(cells(busy)[1]?.evidence.triggerResult, -16);
});

test('of a trigger that has a worker of the kernel migrate, the trace of that worker counts', (t) => {
  const run = edited(t, (line) =>
    line
      .replace('"event":"arm-started"', '"event":"arm-started","reach":"asked","byWorker":"memory_hotplug"')
      .replace(
        '"event":"trigger-ended"',
        '"event":"trigger-ended","asked":[[65536,65544]],"unplugged":{"said":"DEVICE_DELETED","blocks":2,"blocksLeft":0}',
      ),
  );
  const text = run.read('trace-1.txt') ?? '';
  const head = (comm: string, pid: number) => `${comm.padStart(16)}-${`${pid}`.padEnd(7)} `;
  const [own, worker] = [head('node', 501), head('kworker/u4:1', 77)];
  const ofWorker = text
    .replaceAll('reason=compaction', 'reason=memory_hotplug')
    .split('\n')
    .map((line) => (line.includes('tracing_mark_write') ? line : line.replace(own, worker)))
    .join('\n');
  assert.notEqual(ofWorker, text);
  run.write('trace-1.txt', ofWorker);
  assert.deepEqual(fault(run).waiters[0]?.waitsFor?.index, 5);
  const [, cell] = cells(run);
  assert.equal(cell?.outcome, 'stalled', cell?.reason);
  assert.deepEqual(cell?.evidence.unplugged, { said: 'DEVICE_DELETED', blocks: 2, blocksLeft: 0 });
  // Nobody else migrates for that reason: with two it is not known who is who.
  const start = ofWorker.split('\n').find((line) => line.includes('mm_migrate_pages_start')) ?? '';
  run.write('trace-1.txt', `${ofWorker}${start.replace(worker, head('sh', 78))}\n`);
  assert.match(fault(run).failure ?? '', /one task that migrates for memory_hotplug, found "77, 78"/);
});

test('of an NFS client the trace has what is held; it says nothing about how FUSE writes back', (t) => {
  const run = syntheticRun(t);
  editEvents(run, (lines) =>
    lines
      .filter((line) => !line.includes('"event":"answered"'))
      .map((line) =>
        line
          .replaceAll('writeback-held', 'nfs-cable-trip')
          .replace('"event":"arm-started"', '"event":"arm-started","nfs":true')
          .replaceAll('FUSE_WRITE', 'NFS_WRITE')
          .replace('"by":"release"', '"by":"link-up","downMs":5050'),
      ),
  );
  const evidence = fault(run);
  assert.equal(evidence.heldFolios, 8);
  assert.equal(evidence.heldOthers, 0);
  assert.equal(evidence.writebackInPlace, undefined);
  assert.equal(evidence.downMs, 5050);
  assert.deepEqual(
    cells(run).map(({ outcome, verdict }) => [outcome, verdict]),
    [
      ['migrated', 'pass'],
      ['stalled', 'pass'],
    ],
  );
  assert.equal(judgeRun(run).features['writebackInPlace'], null);
});
