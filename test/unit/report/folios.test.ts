/** What the record has of large folios, and how it is shown that they were asked to be split. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Kpf } from '../../../src/kernel/kpageflags.js';
import type { RunEvent, RunEventBody } from '../../../src/record/events.js';
import { RunDirectory } from '../../../src/record/run-directory.js';
import { ArmEvents, type EventOf } from '../../../src/report/arm-events.js';
import { type FoliosEvidence, foliosEvidence } from '../../../src/report/folios.js';
import { renderTerminal } from '../../../src/report/terminal.js';
import { judgeRun } from '../../../src/report/write.js';
import { syntheticRun } from './synthetic-run.js';

const design = { memory: 'xfs', order: 1, blockBytes: 4096, state: 'dirty', fragmented: true } as const;
const asked = {
  event: 'split-huge-pages-asked',
  arm: 0,
  lacking: null,
  asked: 1,
  split: 0,
  countedSplit: 0,
  countedFailed: 1,
} as const;

/** One folio of two pages that stays what and where it is. */
function evidenceOf(t: TestContext, more: readonly RunEventBody[]): FoliosEvidence | null | undefined {
  const parent = mkdtempSync(join(tmpdir(), 'stuckfs-folios-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const run = RunDirectory.create(join(parent, 'run'));
  const write = (name: string, numbers: readonly bigint[]) =>
    run.write(name, new Uint8Array(BigInt64Array.from(numbers).buffer));
  write('frames', [8n, 9n]);
  write('flags', [1n << BigInt(Kpf.COMPOUND_HEAD), 1n << BigInt(Kpf.COMPOUND_TAIL)]);
  const counted = { arm: 0, split: null, splitFailed: null, flags: 'flags' };
  const events = (['set-named', 'set-found'] as const).flatMap((when) => [
    { event: 'folios', when, ...counted },
    { event: when, arm: 0, stuckPfns: 'frames', controlPfns: 'frames' },
  ]);
  const start = { folios: design } as unknown as EventOf<'arm-started'>;
  return foliosEvidence(
    start,
    new ArmEvents([...events, ...more] as unknown as RunEvent[], 0),
    run,
    undefined,
  );
}

function shown(t: TestContext, folios: FoliosEvidence): string {
  const report = judgeRun(syntheticRun(t));
  const cells = report.cells.map((cell) => ({ ...cell, evidence: { ...cell.evidence, folios } }));
  return renderTerminal({ ...report, cells }).replace(/\s+/g, ' ');
}

test('what split_huge_pages was asked for is told, with what the kernel counted', (t) => {
  const folios = evidenceOf(t, [asked]);
  assert.deepEqual(folios?.splitHugePages, { lacking: null, asked: 1, done: 0, split: 0, splitFailed: 1 });
  assert.ok(folios);
  assert.match(
    shown(t, folios),
    /asked to split: 0 of 1 were, by split_huge_pages \(counted: 0 done, 1 refused\)/,
  );
  const uncounted = { lacking: 'no more', asked: 1, done: 1, split: null, splitFailed: null };
  assert.match(
    shown(t, { ...folios, splitHugePages: uncounted }),
    /1 of 1 were, by split_huge_pages \(not counted\), then no more: no more/,
  );
});

test('why it could not be asked is told, and an older record says nothing of it', (t) => {
  const lacking = 'debugfs is not mounted';
  const folios = evidenceOf(t, [{ ...asked, lacking, asked: 0, countedSplit: null, countedFailed: null }]);
  assert.ok(folios);
  assert.match(shown(t, folios), /asked to split: not by split_huge_pages: debugfs is not mounted/);
  const older = evidenceOf(t, []);
  assert.equal(older?.splitHugePages, null);
  assert.doesNotMatch(shown(t, older), /split_huge_pages/);
});
