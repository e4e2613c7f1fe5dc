import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { RunDirectory } from '../../../src/record/run-directory.js';
import { gatherArms } from '../../../src/report/gather.js';
import type { MitigationEvidence } from '../../../src/report/mitigation.js';
import { mitigationRows } from '../../../src/report/mitigation-table.js';
import { judge } from '../../../src/report/outcome.js';
import type { Cell, RunJson } from '../../../src/report/run-json.js';
import { renderTerminal } from '../../../src/report/terminal.js';
import { reportRun } from '../../../src/report/write.js';
import { editEvents, syntheticRun } from './synthetic-run.js';

type Event = Record<string, unknown> & { event: string; arm?: number };

const told = ['ECONNABORTED', 'ENOTCONN'];

/** The fault arm of the run as one in which the connection was aborted in the place of the release. */
function aborted(
  t: TestContext,
  edit: (event: Event) => readonly Event[] = (event) => [event],
): RunDirectory {
  const run = syntheticRun(t);
  editEvents(run, (lines) =>
    lines
      .map((line) => JSON.parse(line) as Event)
      .flatMap((event): readonly Event[] => {
        if (event.event === 'run-started') return [withAbort(event)];
        if (event.arm !== 1) return [event];
        switch (event.event) {
          case 'arm-started':
            return [{ ...event, mitigation: 'abort' }];
          case 'released':
            return [
              { ...event, by: 'abort' },
              { ...event, event: 'mitigated', mitigation: 'abort', endsConnection: true, dirtyPages: 1 },
            ];
          case 'verified':
            return [
              { arm: 1, event: 'aftermath', fsync: told, keptPages: [7, 8], atNs: event['atNs'] },
              { arm: 1, event: 'closed', close: ['EIO', null], atNs: event['atNs'] },
            ];
          case 'answered':
            return [];
          default:
            return [event];
        }
      })
      .flatMap(edit)
      .map((event) => JSON.stringify(event)),
  );
  return run;
}

function withAbort(event: Event): Event {
  const planned = structuredClone(event['planned']) as { arms: { mitigation: string }[] }[];
  for (const { arms } of planned) if (arms[1] !== undefined) arms[1].mitigation = 'abort';
  return { ...event, planned };
}

const without = (name: string) => (event: Event) => (event.event === name && event.arm === 1 ? [] : [event]);

function evidenceOf(run: RunDirectory): MitigationEvidence | null | undefined {
  return gatherArms(run)[1]?.mitigated;
}

function mitigatedCell(json: RunJson): Cell {
  const cell = json.cells.find(({ mitigation }) => mitigation === 'abort');
  assert.ok(cell);
  return cell;
}

describe('a mitigated arm', () => {
  test('how soon the set moved, what was lost, who was told', (t) => {
    assert.deepEqual(evidenceOf(aborted(t)), {
      appliedAfterMs: 5000,
      toFirstMigrationMs: 20,
      freedFolios: 8,
      confirmedBy: 'pagemap',
      frees: true,
      endsConnection: true,
      // Eight under way, and one dirty.
      lostBytes: 9 * 4096,
      keptBytes: 7 * 4096,
      told: [
        { file: 'stuck', call: 'fsync', errno: 'ECONNABORTED' },
        { file: 'stuck', call: 'close', errno: 'EIO' },
        { file: 'control', call: 'fsync', errno: 'ENOTCONN' },
        { file: 'control', call: 'close', errno: null },
      ],
      limits: null,
    } satisfies MitigationEvidence);
  });

  test('it is judged up to the act as the arm without it, and the loss is a result', async (t) => {
    const cell = mitigatedCell(await reportRun(aborted(t)));
    assert.deepEqual([cell.outcome, cell.verdict, cell.evidence.byteExact], ['stalled', 'pass', null]);
    assert.match(
      cell.reason ?? '',
      /until the abort; .* the first of the set moved 20 ms after it, 8 in all/,
    );
    assert.equal(cell.evidence.mitigation?.expectedToFree, true);
  });

  test('a set that stays where it is was not freed; whether it could move is then not known', async (t) => {
    const run = aborted(t, (event) =>
      event.event === 'set-found' && event.arm === 1
        ? [{ ...event, stuckPfns: 'pfns/1-stuck.bin' }]
        : [event],
    );
    const evidence = evidenceOf(run);
    assert.deepEqual([evidence?.frees, evidence?.toFirstMigrationMs, evidence?.freedFolios], [null, null, 0]);
    const cell = mitigatedCell(await reportRun(run));
    assert.deepEqual([cell.outcome, cell.verdict], ['stalled', 'unknown']);
  });

  test('folios that cannot be mapped are gone where their frames do not hold them any more', async (t) => {
    const run = aborted(t, (event) =>
      event.event === 'set-found' && event.arm === 1
        ? [{ ...event, stuckPfns: 'pfns/1-gone.bin', byFlags: true }]
        : [event],
    );
    run.write('pfns/1-gone.bin', new Uint8Array(new BigInt64Array(8).fill(-1n).buffer));
    const evidence = evidenceOf(run);
    assert.deepEqual(
      [evidence?.confirmedBy, evidence?.freedFolios, evidence?.frees],
      ['kpageflags', 8, true],
    );
    // The frames that they have left are those that they had.
    assert.match(renderTerminal(await reportRun(run)), /0 of 8 beside it; not seen at the end\n/);
  });

  test('without the act what was lost is not known, and nothing is judged', async (t) => {
    const run = aborted(t, without('mitigated'));
    const evidence = evidenceOf(run);
    assert.deepEqual(
      [evidence?.lostBytes, evidence?.endsConnection, evidence?.frees, evidence?.toFirstMigrationMs],
      [null, null, null, null],
    );
    const json = await reportRun(run);
    const cell = mitigatedCell(json);
    assert.deepEqual([cell.outcome, cell.verdict], ['unknown', 'unknown']);
    assert.match(cell.reason ?? '', /there is no event mitigated/);
    const text = renderTerminal(json);
    assert.match(text, /lost: +not known how many MiB written/);
    assert.match(text, /writeback-held +abort +0 MiB +- +unknown +\(-\) +\(-\*\)\n/);
  });

  test('nor is it where the record does not have what was held', (t) => {
    assert.equal(evidenceOf(aborted(t, without('held')))?.lostBytes, null);
  });

  test('what limits the harm from the start has no act to be missed', (t) => {
    const run = aborted(t, (event) =>
      event.arm === 1 && event.event === 'arm-started'
        ? [{ ...event, mitigation: 'bdi-limit' }]
        : without('mitigated')(event),
    );
    const evidence = evidenceOf(run);
    assert.deepEqual([evidence?.lostBytes, evidence?.endsConnection], [0, false]);
  });

  for (const name of ['aftermath', 'closed', 'set-found']) {
    test(`without ${name} the outcome is unknown`, (t) => {
      const [, arm] = gatherArms(aborted(t, without(name)));
      assert.ok(arm);
      assert.equal(arm.mitigated, null);
      assert.equal(judge(arm).outcome, 'unknown');
    });
  }

  test('an arm without a mitigation has none of it', (t) => {
    assert.deepEqual(
      gatherArms(syntheticRun(t)).map(({ mitigated }) => mitigated),
      [undefined, undefined],
    );
  });
});

describe('the table of mitigations', () => {
  /** The fault arm without, and with. */
  async function both(t: TestContext): Promise<RunJson> {
    const [, plain] = (await reportRun(syntheticRun(t))).cells;
    const json = await reportRun(aborted(t));
    assert.ok(plain);
    return { ...json, cells: [...json.cells, plain] };
  }

  test('shows each beside the arm without it, at the end of the report', async (t) => {
    const text = renderTerminal(await both(t));
    const table = text.slice(text.indexOf('\nmitigations:'));
    assert.match(table, /writeback-held +abort +0 MiB +5019 +5019 +20 ms +0 MiB\*\n {2}told: stuck:/);
    assert.match(
      table.replace(/\s+/g, ' '),
      /stuck: fsync ECONNABORTED, close EIO; control: fsync ENOTCONN, close 0/,
    );
    assert.match(table, /verdict: /);
  });

  test('tells where the copy of the server was not compared, and where it was', async (t) => {
    const json = await both(t);
    assert.match(renderTerminal(json), /page cache; the\s+copy\s+of\s+the server was not compared/);
    const cells = json.cells.map((cell) => ({ ...cell, evidence: { ...cell.evidence, byteExact: true } }));
    assert.equal(mitigationRows(cells)[0]?.[6], '0 MiB');
    assert.doesNotMatch(renderTerminal({ ...json, cells }), /page cache; the\s+copy/);
  });

  test('what an arm shows of which the outcome is unknown is in brackets', async (t) => {
    const json = await both(t);
    const known = mitigationRows(json.cells);
    const [plain] = mitigationRows(json.cells.map((cell) => ({ ...cell, outcome: 'unknown' })));
    assert.deepEqual(known[0]?.slice(4, 7), ['5019', '20 ms', '0 MiB*']);
    assert.deepEqual(plain?.slice(3, 7), ['unknown', 'unknown', '(20 ms)', '(0 MiB*)']);
    assert.match(plain?.[7] ?? '', /^\(stuck: .*\)$/);
  });

  test('is not there where no arm has one', async (t) => {
    assert.doesNotMatch(renderTerminal(await reportRun(syntheticRun(t))), /mitigations:/);
  });
});
