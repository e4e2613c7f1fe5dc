import assert from 'node:assert/strict';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import type { RunDirectory } from '../../../../src/record/run-directory.js';
import { formats, render } from '../../../../src/report/render/render.js';
import { judgeRun } from '../../../../src/report/write.js';
import { editEvents, syntheticRun } from '../synthetic-run.js';
import { everyVerdict, hostile, hostileRun } from './hostile.js';

/** What is used here of the DOM's. */
interface Element {
  readonly localName: string;
  readonly attributes: Iterable<{ readonly name: string }>;
  readonly textContent: string;
  querySelectorAll(selector: string): Iterable<Element>;
}

const page = (run: RunDirectory) => render('html', judgeRun(run), run);

/** The names of all elements, and of their attributes, in order: what is markup and not text. */
function markupOf(text: string): string[] {
  const { document } = parseHTML(text);
  return [...document.querySelectorAll('*')].map(
    ({ localName, attributes }: Element) =>
      `${localName} ${[...attributes].map(({ name }) => name).join(' ')}`,
  );
}

test('a page stands alone: no script, nothing from elsewhere', async (t) => {
  const text = await page(syntheticRun(t));
  assert.match(text, /^<!doctype html>\n<html lang="en">/);
  assert.doesNotMatch(text, /<script|<link|<img|<iframe|@import|url\(/i);
  const references = [...text.matchAll(/(?:href|src|srcset|action|data)="([^"]*)"/g)].map(([, to]) => to);
  assert.ok(references.length > 0);
  for (const to of references) assert.match(to ?? '', /^#arm-\d+$/);
  assert.match(
    text,
    /Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;"/,
  );
});

test('verdicts, waiters with their stacks, timeline, map of memory and environment are in it', async (t) => {
  const { document } = parseHTML(await page(syntheticRun(t)));
  const titles = [...document.querySelectorAll('.figure-title')].map(({ textContent }) => textContent);
  assert.deepEqual(titles, [
    'Held requests and attempts to migrate',
    'Physical memory, by pageblock',
    'Held requests and attempts to migrate',
    'Physical memory, by pageblock',
    'Who waits at the end of the hold, and where',
  ]);
  const rows = [...document.querySelectorAll('.cards tbody tr')].map((row: Element) =>
    [...row.querySelectorAll('td')].map(({ textContent }: Element) => textContent),
  );
  assert.deepEqual(rows, [
    ['writeback-held', 'compact', 'control', 'migrated', 'migrated', 'pass', '8/8', '90'],
    ['writeback-held', 'compact', 'fault', 'stalled', 'stalled', 'pass', '0/8', '5040'],
  ]);
  assert.equal(
    document.querySelector('pre')?.textContent,
    'folio_wait_bit_common\nfolio_wait_writeback\nmigrate_pages_batch',
  );
  assert.match(
    document.body.textContent ?? '',
    /waits for bdi 0:39 ino=2 index=5 pfn=0x10005, held by unique=102/,
  );
  assert.match(document.body.textContent ?? '', /kernel\.release\s*6\.18\.0-test/);
  const legends = [...document.querySelectorAll('.legend')].map(({ textContent }) => textContent ?? '');
  assert.match(legends[1] ?? '', /moved out of it: 2/);
  assert.match(legends[3] ?? '', /holds a stuck folio: 1/);
});

test('what is other than expected comes first, then what is unknown', async (t) => {
  const run = syntheticRun(t);
  const text = await render('html', everyVerdict(t), run);
  const { document } = parseHTML(text);
  const heads = [...document.querySelectorAll('h2')].map(({ textContent }) => textContent);
  assert.deepEqual(heads, [
    'The run directory is damaged',
    'Findings: other than expected',
    'What is unknown',
    'Verdicts',
    'Mitigations',
    'Each time it was played',
    'The stall as a function of the delay',
    'What was skipped',
    'The arms',
    'The environment',
  ]);
  assert.equal(document.querySelectorAll('.note.fail').length, 3);
  assert.match(
    document.querySelector('.note.fail')?.textContent ?? '',
    /stalled, where migrated is expected/,
  );
});

test('text of others is text: the markup is that of the same run with harmless text', async (t) => {
  const run = syntheticRun(t);
  const harmless = await render('html', everyVerdict(t), run);
  const text = await render('html', hostileRun(t), run);
  // Names that match no arm have no figures.
  const plain = (all: string[]) =>
    all.filter((one) => /^(script|img|title|iframe|a|h[123]|td|pre|p) ?/.test(one));
  assert.deepEqual(
    plain(markupOf(text)).filter((one) => /^(script|img|iframe)/.test(one)),
    [],
  );
  const tags = (all: string) => plain(markupOf(all.replaceAll(/<figure>[\s\S]*?<\/figure>/g, '')));
  assert.deepEqual(tags(text), tags(harmless));
});

test('hostile text in the run directory is text as well', async (t) => {
  const run = syntheticRun(t);
  const harmless = markupOf(await page(run));
  const json = JSON.stringify(hostile);
  editEvents(run, (lines) =>
    lines.map((line) => line.replaceAll(/"(comm|role|scenario|trigger|transport)":"[^"]*"/g, `"$1":${json}`)),
  );
  editEvents(run, (lines) =>
    lines.map((line) => line.replaceAll('"folio_wait_bit_common"', json).replaceAll('"100"', json)),
  );
  run.write(
    'environment.json',
    JSON.stringify({ stuckfs: hostile, on: hostile, seed: 7, kernel: { release: hostile } }),
  );
  const text = await page(run);
  // The role of the trigger is not known any more, and so what it waits for is not told.
  const structure = (all: readonly string[]) =>
    all.filter((one) => /^(script|img|svg|table|tr|td|iframe|dl|dt) ?/.test(one));
  assert.deepEqual(
    structure(markupOf(text)).filter((one) => /^(script|img|iframe)/.test(one)),
    [],
  );
  assert.equal(
    structure(markupOf(text)).filter((one) => one.startsWith('td')).length,
    structure(harmless).filter((one) => one.startsWith('td')).length,
  );
});

const broken: readonly (readonly [name: string, breakIt: (run: RunDirectory) => void, said: RegExp])[] = [
  [
    'no trace',
    (run) => rmSync(run.artifact('trace-1.txt')),
    /trace-1\.txt is missing from the run directory/,
  ],
  [
    'frames cut short',
    (run) => truncateSync(run.artifact('pfns', '1-stuck.bin'), 20),
    /1-stuck\.bin holds 2 of 8 pages/,
  ],
  ['no frames', (run) => rmSync(run.artifact('pfns'), { recursive: true }), /1-flags\.bin is missing/],
  [
    'no environment',
    (run) => rmSync(run.artifact('environment.json')),
    /environment\.json is missing or cannot be read/,
  ],
  [
    'an environment of anything',
    (run) =>
      run.write('environment.json', JSON.stringify({ a: [[[[[[1]]]]]], b: null, c: [{ d: 1 }], e: {} })),
    /c\.0\.d/,
  ],
  [
    'lost events',
    (run) => run.write('trace-1.txt', `CPU:0 [LOST 5 EVENTS]\n${run.read('trace-1.txt')}`),
    /lost 5 events/,
  ],
  [
    'a trace of no known form',
    (run) => writeFileSync(run.artifact('trace-1.txt'), 'x: mm_migrate_pages: x\n'),
    /trace-1\.txt: /,
  ],
  ['half its events', (run) => editEvents(run, (lines) => lines.slice(0, 20)), /ended before/],
  [
    'only its first event',
    (run) => editEvents(run, (lines) => lines.slice(0, 1)),
    /ended before this arm began/,
  ],
  [
    'times that are no times',
    (run) =>
      editEvents(run, (lines) =>
        lines.map((line) => line.replaceAll(/"(startedNs|endedNs|askedNs)":\d+/g, '"$1":1e300')),
      ),
    /cannot be drawn/,
  ],
  [
    'frames that no machine has',
    (run) =>
      run.write(
        'pfns/1-stuck.bin',
        new Uint8Array(BigInt64Array.from({ length: 8 }, (_, i) => 1n << BigInt(62 - i * 7)).buffer),
      ),
    />0x4000000000000000</,
  ],
];
for (const [name, breakIt, said] of broken) {
  test(`a run directory with ${name} is reported in every form, and the page says so`, async (t) => {
    const run = syntheticRun(t);
    breakIt(run);
    const judged = judgeRun(run);
    for (const format of formats) assert.notEqual(await render(format, judged, run), '', format);
    assert.match(await page(run), said);
  });
}

test('a run directory cut off at any line is reported in every form', async (t) => {
  const run = syntheticRun(t);
  const all: string[] = [];
  editEvents(run, (lines) => {
    all.push(...lines);
    return lines;
  });
  for (let kept = 1; kept < all.length; kept++) {
    editEvents(run, () => all.slice(0, kept));
    const judged = judgeRun(run);
    for (const format of formats) assert.notEqual(await render(format, judged, run), '', format);
  }
});
