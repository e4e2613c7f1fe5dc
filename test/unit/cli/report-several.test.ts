/** `stuckfs report` of several runs, and of what differs between two. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { DiffJson } from '../../../src/report/diff/diff-json.js';
import { editEvents, syntheticRun } from '../report/synthetic-run.js';
import { assertOneLineError, freshDirectory, runCli } from './run-cli.js';

const schema = () =>
  JSON.parse(readFileSync(new URL('../../../../schemas/diff.schema.json', import.meta.url), 'utf8'));

test('several are reported one after the other; the exit status is that of the worst', async (t) => {
  const [one, other] = [syntheticRun(t), syntheticRun(t)];
  const both = await runCli(['report', one.path, other.path]);
  assert.equal(both.status, 0);
  assert.equal(both.stdout.match(/^verdict: pass$/gm)?.length, 2);
  assert.ok(both.stdout.startsWith(`${one.path}\n`) && both.stdout.includes(`\n\n${other.path}\n`));
  editEvents(other, (lines) => lines.slice(0, 9));
  const json = await runCli(['report', one.path, other.path, '--json']);
  assert.equal(json.status, 3);
  assert.deepEqual(
    JSON.parse(json.stdout).map(({ verdict }: { verdict: string }) => verdict),
    ['pass', 'unknown'],
  );
});

test('--diff exits 0 where every outcome is the same, and 1 where one is not; its JSON has a schema', async (t) => {
  const validate = new Ajv2020({ strict: false }).compile(schema());
  const [one, other] = [syntheticRun(t), syntheticRun(t)];
  const same = await runCli(['report', one.path, other.path, '--diff']);
  assert.equal(same.status, 0, same.stdout);
  assert.match(same.stdout, /every outcome is the same\n$/);
  editEvents(other, (lines) => lines.map((line) => line.replace('"lostEvents":0', '"lostEvents":2')));
  const differs = await runCli(['report', one.path, other.path, '--diff', '--json']);
  assert.equal(differs.status, 1);
  const document: DiffJson = JSON.parse(differs.stdout);
  assert.ok(validate(JSON.parse(differs.stdout)), JSON.stringify(validate.errors));
  assert.ok(!validate({ ...document, outcomesChanged: 'yes' }));
  assert.deepEqual(document.cells[1]?.after?.outcomes, ['unknown']);
});

test('what is contradictory is refused', async (t) => {
  const { path } = syntheticRun(t);
  const nothing = freshDirectory(t);
  const wrong: readonly (readonly [words: readonly string[], ...texts: string[]])[] = [
    [['report', path, '--diff'], `--diff: "${path}"`, 'two directories'],
    [['report', path, path, path, '--diff'], '--diff', 'two directories'],
    [['report', path, path, '--format', 'html'], '--format: "html"', 'one directory'],
    [['report', path, path, '--diff', '--format', 'ktap'], '--format: "ktap"', 'contradicts --diff'],
    [['report', path, nothing, '--diff'], `run directory: "${nothing}"`, 'events.jsonl'],
    [['report', path, join(nothing, 'none')], 'run directory', 'events.jsonl'],
    [['report'], 'DIRECTORY', 'required'],
  ];
  for (const [words, ...texts] of wrong) assertOneLineError(await runCli(words), 2, texts);
});
