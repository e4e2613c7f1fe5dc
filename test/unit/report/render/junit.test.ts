import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { validateXML } from 'xmllint-wasm';
import { renderJunit } from '../../../../src/report/render/junit.js';
import { judgeRun } from '../../../../src/report/write.js';
import { syntheticRun } from '../synthetic-run.js';
import { everyVerdict, hostileRun } from './hostile.js';

const schema = readFileSync(resolve(import.meta.dirname, '../../../../../test/schemas/junit.xsd'), 'utf8');

async function wrongIn(xml: string): Promise<readonly string[]> {
  const { errors } = await validateXML({ xml: { fileName: 'junit.xml', contents: xml }, schema });
  return errors.map(({ message }) => message);
}

test('a run is valid; its kernel is a property', async (t) => {
  const xml = renderJunit(judgeRun(syntheticRun(t)));
  assert.deepEqual(await wrongIn(xml), []);
  assert.match(xml, /<testsuites name="stuckfs" tests="2" failures="0" errors="0" time="5\.130">/);
  assert.match(xml, /<property name="kernel" value="6\.18\.0-test"\/>/);
  assert.match(
    xml,
    /<testcase name="writeback-held\.compact\.fault\.-\.none\.dev-fuse" classname="stuckfs\.writeback-held" time="5\.040">/,
  );
});

test('skips, harness errors, failures and hangs are told apart', async (t) => {
  const xml = renderJunit(everyVerdict(t));
  assert.deepEqual(await wrongIn(xml), []);
  const count = (pattern: RegExp) => [...xml.matchAll(pattern)].length;
  assert.match(xml, /<testsuites name="stuckfs" tests="10" failures="3" errors="4" /);
  assert.equal(count(/<failure type="hang" /g), 1);
  assert.equal(count(/<failure type="outcome" /g), 1);
  assert.equal(count(/<failure type="data" /g), 1);
  assert.equal(count(/<error type="unknown" /g), 4);
  assert.match(xml, /<skipped message="no swap"\/>/);
  assert.match(xml, /<testsuite name="stuckfs\.splice-moved" tests="1" failures="0" errors="0" skipped="1" /);
});

test('a stall that ends by itself, or that was expected, is no hang', (t) => {
  const run = judgeRun(syntheticRun(t));
  const [, fault] = run.cells;
  assert.ok(fault);
  const failed = (change: Partial<typeof fault>) =>
    renderJunit({ ...run, cells: [{ ...fault, verdict: 'fail', ...change }] });
  assert.match(failed({ expected: 'migrated' }), /<failure type="hang" /);
  const delayed = { ...fault.evidence, delayMs: 250 };
  assert.match(failed({ expected: 'migrated', evidence: delayed }), /<failure type="outcome" /);
  assert.match(failed({ mitigation: 'abort' }), /<failure type="outcome" /);
});

test('text of others is text', async (t) => {
  const xml = renderJunit(hostileRun(t));
  assert.deepEqual(await wrongIn(xml), []);
  assert.doesNotMatch(xml, /<script|<img|CDATA/);
});

test('the schema bites', async (t) => {
  const xml = renderJunit(judgeRun(syntheticRun(t)));
  assert.notDeepEqual(await wrongIn(xml.replace('tests="2"', 'tests="two"')), []);
  assert.notDeepEqual(await wrongIn(xml.replace('</testsuites>', '')), []);
  assert.notDeepEqual(await wrongIn(xml.replaceAll('system-out', 'oops')), []);
});
