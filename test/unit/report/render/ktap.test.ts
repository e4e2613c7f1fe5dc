import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Parser } from 'tap-parser';
import { renderKtap } from '../../../../src/report/render/ktap.js';
import { judgeRun } from '../../../../src/report/write.js';
import { syntheticRun } from '../synthetic-run.js';
import { everyVerdict, hostileRun } from './hostile.js';

interface Assertion {
  readonly ok: boolean;
  readonly id: number;
  readonly name: string;
  readonly skip: string | boolean;
}

function parsed(text: string) {
  const events = Parser.parse(text) as [name: string, value: unknown][];
  const all = (wanted: string) => events.flatMap(([name, value]) => (name === wanted ? [value] : []));
  return {
    asserts: all('assert') as Assertion[],
    plan: all('plan')[0] as { start: number; end: number },
    comments: all('comment') as string[],
    /** What the parser took for no TAP: the version line, which it knows by TAP's name only. */
    extra: all('extra') as string[],
  };
}

test('a run of two arms, as a parser of TAP reads it', (t) => {
  const text = renderKtap(judgeRun(syntheticRun(t)));
  assert.match(text, /^KTAP version 1\n1\.\.2\n/);
  const { asserts, plan, extra } = parsed(text);
  assert.deepEqual([plan.start, plan.end], [1, 2]);
  assert.deepEqual(extra, ['KTAP version 1\n']);
  assert.deepEqual(
    asserts.map(({ ok, id, name, skip }) => [ok, id, name, skip]),
    [
      [true, 1, 'writeback-held.compact.control.-.none.dev-fuse', false],
      [true, 2, 'writeback-held.compact.fault.-.none.dev-fuse', false],
    ],
  );
  assert.match(text, /\n# Totals: pass:2 fail:0 xfail:0 xpass:0 skip:0 error:0\n$/);
});

test('skips have their reason, what is unknown is not ok, and totals tell them apart', (t) => {
  const text = renderKtap(everyVerdict(t));
  const { asserts, comments } = parsed(text);
  assert.deepEqual(
    asserts.map(({ ok, name, skip }) => [ok, name, skip]),
    [
      [true, 'writeback-held.compact.control.-.none.dev-fuse', false],
      [true, 'writeback-held.compact.fault.-.none.dev-fuse', false],
      [false, 'writeback-held.compact.fault.250ms.abort.dev-fuse', false],
      [false, 'cable-trip.compact.control.-.none.dev-fuse', false],
      [false, 'cable-trip.compact.fault.-.none.dev-fuse', false],
      [false, 'healthy.compact.control.-.none.dev-fuse', false],
      [true, 'splice-moved.compact.all.-.none.dev-fuse', 'no swap'],
      [false, 'writeback-delayed.compact.dose-response.-.none.dev-fuse', false],
      [false, 'cable-trip.compact.fault.-.none.dev-fuse.repeats', false],
      [false, 'run-directory', false],
    ],
  );
  assert.ok(comments.includes('# UNKNOWN: a trace with holes\n'));
  assert.ok(comments.some((line) => line.startsWith('# FAIL (hang): ')));
  assert.equal(comments.at(-1), '# Totals: pass:2 fail:3 xfail:0 xpass:0 skip:1 error:4\n');
});

test('text of others makes no line, no directive and no test', (t) => {
  const text = renderKtap(hostileRun(t));
  const { asserts, extra } = parsed(text);
  assert.deepEqual(extra, ['KTAP version 1\n']);
  assert.deepEqual(
    asserts.map(({ ok, id }) => [ok, id]),
    [true, true, false, false, false, false, true, false, false, false].map((ok, index) => [ok, index + 1]),
  );
  assert.equal(new Set(asserts.map(({ name }) => name)).size, asserts.length);
  for (const { name } of asserts) assert.match(name, /^[\w.+-]+$/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});
