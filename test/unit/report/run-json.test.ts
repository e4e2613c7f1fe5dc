import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { parseRunJson } from '../../../src/report/run-json.js';
import { judgeRun } from '../../../src/report/write.js';
import { syntheticRun } from './synthetic-run.js';

const refused = (field: string, words: RegExp) => (error: unknown) =>
  error instanceof UsageError && error.field === field && words.test(error.message);

test('what was judged comes back from its JSON', (t) => {
  const report = judgeRun(syntheticRun(t));
  assert.deepEqual(parseRunJson(JSON.stringify(report), 'run.json'), report);
});

test('a newer version is named, and the remedy', (t) => {
  const newer = { ...judgeRun(syntheticRun(t)), version: 2, cells: 'of another shape' };
  assert.throws(
    () => parseRunJson(JSON.stringify(newer), 'x/run.json'),
    refused('run.json version', /2: x\/run\.json.*update/),
  );
});

for (const text of ['', '{', 'null', '[]', '7', '{}', '{"version":1}', '{"version":"1"}', '{"version":0}']) {
  test(`${JSON.stringify(text)} is refused in one line that names the file`, () => {
    assert.throws(() => parseRunJson(text, 'x/run.json'), refused('run.json', /x\/run\.json/));
  });
}

test('the field that is wrong is named', (t) => {
  const report = JSON.stringify(judgeRun(syntheticRun(t)));
  const wrong = report.replace('"outcome":"stalled"', '"outcome":"stuck"');
  assert.throws(() => parseRunJson(wrong, 'run.json'), refused('run.json', /cells\.1\.outcome/));
});
