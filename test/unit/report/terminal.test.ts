import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderTerminal } from '../../../src/report/terminal.js';
import { judgeRun } from '../../../src/report/write.js';
import { hostileRun } from './render/hostile.js';
import { syntheticRun } from './synthetic-run.js';

const golden = `stuckfs 0.1.0, kernel 6.18.0-test, on host, seed 7

scenario        trigger  arm      outcome   expected  verdict  moved  took ms
--------------  -------  -------  --------  --------  -------  -----  -------
writeback-held  compact  control  migrated  migrated  pass     8/8    90
writeback-held  compact  fault    stalled   stalled   pass     0/8    5040

writeback-held x compact, control arm: migrated
  because:          8 of 8 folios are at another pfn
  decided by:       move_to_new_folio() (mm/migrate.c)
  stuck set:        8 folios, 0 with WRITEBACK in kpageflags
  moved:            8 of the stuck set, 8 of 8 beside it; 8 at the end
  scanner:          reached 8 of the stuck set, 8 beside it
  mm_migrate_pages: nr_succeeded 16, nr_failed 0
  trigger:          took 90 ms
  data:             byte-exact, cached and as served
  nr_writeback:     3 before, 0 after
  trace:            0 events lost

writeback-held x compact, fault arm: stalled
  because:          in folio_wait_writeback until the release; the migration went on 20 ms after it
  decided by:       migrate_folio_unmap(): folio_wait_writeback() in MIGRATE_SYNC (mm/migrate.c)
  held:             2 requests, 0 MiB, for 5000 ms
  stuck set:        8 folios, 8 with WRITEBACK in kpageflags
  moved:            0 of the stuck set while held, 0 of 8 beside it; 8 at the end
  scanner:          reached 8 of the stuck set, 0 beside it
  mm_migrate_pages: nr_succeeded 16, nr_failed 0
  stall:            5019 ms in one migration
  trigger:          took 5040 ms; ended 40.0 ms after the release
  waiter: node[501] (trigger), state D
    waits for bdi 0:39 ino=2 index=5 pfn=0x10005, held by unique=102
    folio_wait_bit_common
    folio_wait_writeback
    migrate_pages_batch
  data:             byte-exact, cached and as served
  nr_writeback:     3 before, 0 after
  trace:            0 events lost

verdict: pass
`;

test('the whole report of a small run', (t) => {
  assert.equal(renderTerminal(judgeRun(syntheticRun(t))), golden);
});

test('plain ASCII of at most 100 columns, also for the largest numbers', (t) => {
  const report = judgeRun(syntheticRun(t));
  const cells = report.cells.map((cell) => ({
    ...cell,
    evidence: {
      ...cell.evidence,
      stuckFolios: 1_000_000,
      stuckMoved: 1_000_000,
      triggerMs: 120_000,
      heldMs: 120_000,
      heldBytes: 2 ** 40,
      heldRequests: 65_535,
    },
  }));
  const text = renderTerminal({ ...report, cells });
  assert.match(text, /^[\x20-\x7e\n]*$/);
  for (const line of text.split('\n')) assert.ok(line.length <= 100, `${line.length}: ${line}`);
});

test('at most 100 columns for the longest names and reasons, whose every word is kept', (t) => {
  const report = judgeRun(syntheticRun(t));
  const reason =
    'attempted and failed: 16374 where the set lies; none of it moved; 13084 of 13200 reached again did after the release';
  const cells = [
    { scenario: 'writeback-held-mmap', transport: 'libfuse', arm: 'control' as const, variant: null },
    { scenario: 'readahead-withheld', transport: 'dev-fuse', arm: 'fault' as const, variant: 'sequential' },
  ].flatMap((names) =>
    report.cells.map((cell) => ({
      ...cell,
      ...names,
      outcome: 'not-attempted' as const,
      reason,
      evidence: { ...cell.evidence, stuckFolios: 16_384, stuckMoved: 16_384 },
    })),
  );
  const text = renderTerminal({ ...report, cells });
  for (const line of text.split('\n')) assert.ok(line.length <= 100, `${line.length}: ${line}`);
  assert.ok(text.replace(/\s+/g, ' ').includes(reason), text);
});

test('a cell that was skipped says why, and the dose and response have a table of their own', (t) => {
  const run = syntheticRun(t);
  const reason = 'libfuse.so.2: not found (apt-get install libfuse2)';
  run.append({
    event: 'cell-skipped',
    cell: 1,
    scenario: 'writeback-held-mmap',
    trigger: 'compact',
    transport: 'libfuse',
    reason,
  });
  const report = judgeRun(run);
  assert.equal(report.verdict, 'pass');
  const points = [250, 500].map((delayMs) => ({ delayMs, stallMs: delayMs - 40, offLineMs: 0 }));
  const text = renderTerminal({
    ...report,
    doseResponses: [
      {
        scenario: 'writeback-delayed',
        trigger: 'compact',
        transport: 'dev-fuse',
        points,
        slope: 1,
        interceptMs: -40,
        residualMs: 0,
        verdict: 'pass',
        reason: 'so it is',
      },
    ],
  });
  const unfolded = text.replace(/\n {20}/g, ' ');
  assert.ok(unfolded.includes(`writeback-held-mmap x compact on libfuse: skipped: ${reason}`), text);
  assert.match(text, /delay ms {2}stall ms {2}off the line ms\n {2}250 {7}210 {7}0\.0\n/);
  assert.match(text, /slope 1\.000 \(1 expected\), intercept -40 ms, residual 0\.0 ms rms: pass/);
});

test('data that was lost is shouted', (t) => {
  const report = judgeRun(syntheticRun(t));
  const cells = report.cells.map((cell) => ({ ...cell, evidence: { ...cell.evidence, byteExact: false } }));
  assert.match(renderTerminal({ ...report, cells }), /NOT byte-exact/);
});

test('text of others moves no cursor and makes no line', (t) => {
  const text = renderTerminal(hostileRun(t));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
  assert.doesNotMatch(text, /^ok 9 forged/m);
});
