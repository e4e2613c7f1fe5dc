import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StuckfsError } from '../../../src/base/errors.js';
import { countMet, countWithin, lostInText, pidOfMark, traceFacts } from '../../../src/report/trace-facts.js';
import { isolated, migrated, migrateStart, traceLine, traceText, waits } from './trace-text.js';

const PID = 4711;
const KCOMPACTD = 45;
const never = Number.POSITIVE_INFINITY;
const ours = (atUs: number, payload: string) => traceLine(PID, 'node', atUs, payload);
const theirs = (atUs: number, payload: string) => traceLine(KCOMPACTD, 'kcompactd0', atUs, payload);

describe('traceFacts', () => {
  it('merges what the scanner has passed, in whatever order it did', () => {
    const trace = traceText(
      ours(1, isolated(0x2000, 0x2100)),
      ours(2, isolated(0x1000, 0x1200)),
      ours(3, isolated(0x1200, 0x1400)),
      ours(4, isolated(0x1100, 0x1180)),
      ours(5, isolated(0x20ff, 0x2101)),
    );
    assert.deepEqual(traceFacts(trace, PID, never).scanned, [
      [0x1000, 0x1400],
      [0x2000, 0x2101],
    ]);
  });

  it('keeps apart what an async pass has scanned, which leaves folios out without telling', () => {
    const begin = (mode: string) =>
      `mm_compaction_begin: zone_start=0x1000 migrate_pfn=0x1000 free_pfn=0x9000 zone_end=0x9fff, mode=${mode}`;
    const trace = traceText(
      ours(1, begin('async')),
      ours(2, isolated(0x1000, 0x1400)),
      ours(3, begin('sync')),
      theirs(4, begin('async')),
      ours(5, isolated(0x1200, 0x1300)),
    );
    const { scanned, passed } = traceFacts(trace, PID, never);
    assert.deepEqual(scanned, [[0x1000, 0x1400]]);
    assert.deepEqual(passed, [[0x1200, 0x1300]]);
  });

  it('adds up what migration reported, and counts what has no report yet', () => {
    const trace = traceText(
      ours(1, migrateStart),
      ours(2, migrated(30, 2)),
      ours(3, migrateStart),
      ours(4, migrated(5, 0)),
      ours(5, migrateStart),
    );
    const facts = traceFacts(trace, PID, never);
    assert.equal(facts.migrateSucceeded, 35);
    assert.equal(facts.migrateFailed, 2);
    assert.equal(facts.unfinished, 1);
  });

  it('does not take the work of kcompactd for the trigger’s', () => {
    const trace = traceText(
      theirs(1, isolated(0x1000, 0x1200)),
      theirs(2, migrateStart),
      theirs(3, migrated(30, 2)),
      theirs(4, migrateStart),
      theirs(5, waits('0:39', 2, 7)),
    );
    assert.deepEqual(traceFacts(trace, PID, never), {
      scanned: [],
      passed: [],
      passes: [],
      taken: [],
      migrateSucceeded: 0,
      migrateFailed: 0,
      batches: [],
      unfinished: 0,
      resumedUs: undefined,
      resumedPages: undefined,
      ended: [],
      crossed: [],
      waitingSinceUs: undefined,
      lastIsolated: undefined,
      waitsFor: undefined,
    });
    // A command may be named like a task of ours.
    const disguised = traceLine(KCOMPACTD, `x-${PID} `, 1, isolated(0x1000, 0x1200));
    assert.deepEqual(traceFacts(traceText(disguised), PID, never).scanned, []);
  });

  it('names the folio that the migration waits for which has not ended', () => {
    const start = [ours(1, migrateStart), ours(2, waits('0:39', 2, 7)), ours(3, waits('0:39', 2, 8))];
    assert.deepEqual(traceFacts(traceText(...start), PID, never).waitsFor, {
      bdi: '0:39',
      inode: 2,
      index: 8,
    });
    assert.equal(traceFacts(traceText(...start, ours(4, migrated(1, 0))), PID, never).waitsFor, undefined);
  });

  it('stops the clock at the release: what came after is not what was stuck', () => {
    const trace = traceText(
      ours(10, isolated(0x1000, 0x1200)),
      ours(11, migrateStart),
      ours(12, waits('0:39', 2, 7)),
      ours(20, migrated(64, 0)),
      ours(21, isolated(0x3000, 0x3200)),
      ours(22, migrateStart),
      ours(23, waits('0:39', 2, 9)),
    );
    const facts = traceFacts(trace, PID, 15);
    assert.deepEqual(facts.scanned, [[0x1000, 0x1200]]);
    assert.equal(facts.unfinished, 1);
    assert.deepEqual(facts.waitsFor, { bdi: '0:39', inode: 2, index: 7 });
    assert.equal(facts.migrateSucceeded, 64, 'of the whole trigger');
  });

  it('passes over headers, lost lines, other events, and half a line at the end', () => {
    const trace =
      `# tracer: nop\n#\nCPU:0 [LOST 12 EVENTS]\n${ours(1, 'sched_switch: whatever')}\n` +
      `${ours(2, isolated(0x1000, 0x1200))}\n${ours(3, isolated(0x5000, 0x5200)).slice(0, -20)}`;
    assert.deepEqual(traceFacts(trace, PID, never).scanned, [[0x1000, 0x1200]]);
    assert.deepEqual(traceFacts('', PID, never).scanned, []);
  });

  it('says so when a line of the trigger cannot be read', () => {
    const trace = traceText(ours(1, 'mm_compaction_isolate_migratepages: range=(zero ~ one)'));
    assert.throws(() => traceFacts(trace, PID, never), StuckfsError);
  });
});

describe('lostInText', () => {
  it('adds up what the reader was told that it missed', () => {
    assert.equal(
      lostInText(traceText('CPU:0 [LOST 3629 EVENTS]', ours(1, migrateStart), 'CPU:1 [LOST 1 EVENTS]')),
      3630,
    );
    assert.equal(
      lostInText(traceText('CPU:0 [LOST EVENTS]')),
      1,
      'at least one, where the kernel has no number',
    );
    assert.equal(lostInText(traceText(ours(1, 'tracing_mark_write: CPU:0 [LOST 5 EVENTS]'))), 0);
  });
});

describe('countWithin', () => {
  it('takes the start of a range in and leaves its end out', () => {
    const ranges = [
      [10, 20],
      [30, 40],
      [50, 51],
    ] as const;
    const count = (...pfns: number[]) => countWithin(Float64Array.from(pfns), ranges);
    assert.equal(count(10, 19, 30, 39, 50), 5);
    assert.equal(count(-1, 9, 20, 29, 40, 49, 51, 1000), 0);
    assert.equal(countWithin(Float64Array.from([1]), []), 0);
  });
});

describe('pidOfMark', () => {
  it('is the pid that the trace has for the task that wrote the mark, whatever /proc calls it', () => {
    const trace = traceText(
      theirs(1, migrateStart),
      traceLine(90_210, 'node', 2, 'tracing_mark_write: stuckfs trigger of arm 3'),
      ours(3, migrateStart),
    );
    assert.equal(pidOfMark(trace, 'stuckfs trigger of arm 3'), 90_210);
    assert.equal(pidOfMark(trace, 'stuckfs trigger of arm 4'), undefined);
  });
});

describe('traceFacts, of failures and ends', () => {
  it('keeps each migration with the ranges from which its folios came', () => {
    const trace = traceText(
      ours(1, isolated(0x1000, 0x1200)),
      ours(2, migrateStart),
      ours(3, migrated(10, 3)),
      ours(4, isolated(0x5000, 0x5200)),
      ours(5, migrateStart),
      ours(6, migrated(10, 0)),
    );
    assert.deepEqual(traceFacts(trace, PID, never).batches, [
      { ranges: [[0x1000, 0x1200]], succeeded: 10, failed: 3 },
      { ranges: [[0x5000, 0x5200]], succeeded: 10, failed: 0 },
    ]);
  });

  it('says when the migration that waited went on, and where a zone ended as contended', () => {
    const trace = traceText(
      ours(10, migrateStart),
      ours(30, migrated(1, 0)),
      ours(
        40,
        'mm_compaction_end: zone_start=0x1000 migrate_pfn=0x1234 free_pfn=0x8000 zone_end=0x9000, mode=sync status=contended',
      ),
    );
    const facts = traceFacts(trace, PID, 20);
    assert.equal(facts.unfinished, 1);
    assert.equal(facts.resumedUs, 30);
    assert.deepEqual(facts.ended, [{ status: 'contended', migratePfn: 0x1234 }]);
    assert.deepEqual(facts.crossed, []);
    assert.deepEqual(traceFacts(trace, PID, never).crossed, [[0x1000, 0x1234]]);
  });
});

it('counts how often frames were met, range by range', () => {
  const pfns = Float64Array.of(-1, 1, 5, 9);
  assert.equal(countMet(pfns, []), 0);
  assert.equal(
    countMet(pfns, [
      [0, 6],
      [5, 9],
      [0, 10],
    ]),
    2 + 1 + 3,
  );
});
