import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { RunDirectory } from '../../../../src/record/run-directory.js';
import { render } from '../../../../src/report/render/render.js';
import { judgeRun } from '../../../../src/report/write.js';
import { editEvents, syntheticRun } from '../synthetic-run.js';
import { hostile } from './hostile.js';

const schema = resolve(import.meta.dirname, '../../../../../test/schemas/trace-event.schema.json');
const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(schema, 'utf8')));

interface Event {
  readonly ph: 'X' | 'i' | 'C' | 'M';
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly cat: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Of this format, and such that a viewer shows what is meant. */
async function eventsOf(run: RunDirectory): Promise<readonly Event[]> {
  const document: unknown = JSON.parse(await render('perfetto', judgeRun(run), run));
  assert.ok(validate(document), JSON.stringify(validate.errors?.slice(0, 3)));
  const { traceEvents: events } = document as { traceEvents: Event[] };
  const timed = events.filter(({ ph }) => ph !== 'M');
  for (const [index, event] of timed.entries())
    assert.ok(index === 0 || event.ts >= (timed[index - 1]?.ts ?? 0), `${event.name} comes before its time`);
  const named = events.filter(({ ph, name }) => ph === 'M' && name === 'process_name').map(({ pid }) => pid);
  for (const { pid, name } of timed) assert.ok(named.includes(pid), `the process of ${name} has no name`);
  const lastOf = new Map<string, Event>();
  for (const span of timed.filter(({ ph }) => ph === 'X')) {
    const track = `${span.pid} ${span.tid}`;
    const last = lastOf.get(track);
    assert.ok(
      last === undefined || last.ts + last.dur <= span.ts + 1e-3,
      `${last?.name} overlaps ${span.name}`,
    );
    lastOf.set(track, span);
  }
  return events;
}

const spans = (events: readonly Event[], cat: string) =>
  events.filter((event) => event.ph === 'X' && event.cat === cat);
const counts = (events: readonly Event[], counter: string) =>
  events.filter(({ ph, name }) => ph === 'C' && name === counter).map(({ args }) => args['value']);

test('arms, triggers, held requests, waiting tasks, attempts and counters have their tracks', async (t) => {
  const events = await eventsOf(syntheticRun(t));
  assert.deepEqual(
    spans(events, 'arm').map(({ name, dur }) => [name, dur]),
    [
      ['writeback-held x compact, control', 5_220_000],
      ['writeback-held x compact, fault', 5_220_000],
    ],
  );
  assert.deepEqual(
    spans(events, 'trigger').map(({ dur }) => dur),
    [90_000, 5_040_000],
  );
  assert.deepEqual(
    spans(events, 'held').map(({ name, ts, dur, tid }) => [name, ts, dur, tid]),
    [
      ['FUSE_WRITE 100', 11_050_000, 5_050_000, 1],
      ['FUSE_WRITE 102', 11_050_000, 5_050_000, 2],
    ],
  );
  const [wait] = spans(events, 'wait');
  assert.equal(wait?.name, 'D in folio_wait_bit_common');
  const attempts = spans(events, 'migrate');
  assert.deepEqual(
    attempts.map(({ dur, args }) => [dur, args['succeeded']]),
    [
      [10_000, 16],
      [5_020_000, 16],
    ],
  );
  assert.deepEqual(counts(events, 'held requests'), [0, 0, 2, 0]);
  assert.deepEqual(counts(events, 'stuck folios'), [0, 0, 0, 8, 8, 0, 0]);
  assert.deepEqual(counts(events, 'vmstat nr_writeback'), [3, 0, 3, 0]);
});

test('a reply in the trace ends a held request; one of another connection does not', async (t) => {
  const run = syntheticRun(t);
  const line = (unique: number, connection: number, atUs: number) =>
    `            node-77      [000] ..... ${(atUs / 1e6).toFixed(6)}: fuse_request_end: connection ${connection} req ${unique} len 24 error 0\n`;
  const trace = run.read('trace-1.txt') ?? '';
  run.write('trace-1.txt', `${trace}${line(100, 39, 16_200_000)}${line(102, 40, 16_300_000)}`);
  assert.deepEqual(
    spans(await eventsOf(run), 'held').map(({ name, dur }) => [name, dur]),
    [
      ['FUSE_WRITE 100', 5_150_000],
      ['FUSE_WRITE 102', 5_050_000],
    ],
  );
});

test('an attempt without an end goes on to the end of the arm, and says so', async (t) => {
  const run = syntheticRun(t);
  const trace = run.read('trace-1.txt') ?? '';
  const lines = trace.split('\n');
  run.write('trace-1.txt', lines.filter((line) => !line.includes('mm_migrate_pages: ')).join('\n'));
  const attempts = spans(await eventsOf(run), 'migrate');
  assert.deepEqual(
    attempts.map(({ dur, args }) => [dur, args['ended']]),
    [
      [10_000, true],
      [5_120_000, false],
    ],
  );
});

const edits: readonly (readonly [name: string, edit: (run: RunDirectory, t: TestContext) => void])[] = [
  ['no trace', (run) => rmSync(run.artifact('trace-1.txt'))],
  ['no frames', (run) => rmSync(run.artifact('pfns'), { recursive: true })],
  ['no environment', (run) => rmSync(run.artifact('environment.json'))],
  [
    'a trace of no known form',
    (run) => writeFileSync(run.artifact('trace-1.txt'), 'x: mm_migrate_pages: x\n'),
  ],
  ['half its events', (run) => editEvents(run, (lines) => lines.slice(0, lines.length / 2))],
  ['only its first event', (run) => editEvents(run, (lines) => lines.slice(0, 1))],
  ['its events in reverse', (run) => editEvents(run, (lines) => [...lines].reverse())],
  [
    'times that are no times',
    (run) =>
      editEvents(run, (lines) =>
        lines.map((line, i) => line.replace(/"atNs":\d+/, `"atNs":${i % 2 ? '-' : ''}1e308`)),
      ),
  ],
  [
    'hostile text',
    (run) =>
      editEvents(run, (lines) =>
        lines.map((line) =>
          line.replaceAll(
            /"(comm|role|unique|opcode|scenario|state)":"[^"]*"/g,
            `"$1":${JSON.stringify(hostile)}`,
          ),
        ),
      ),
  ],
];
for (const [name, edit] of edits) {
  test(`a run directory with ${name} makes a trace as well`, async (t) => {
    const run = syntheticRun(t);
    edit(run, t);
    await eventsOf(run);
  });
}
