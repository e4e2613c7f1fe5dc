import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { reportRun } from '../../../src/report/write.js';
import { syntheticRun } from '../report/synthetic-run.js';

const root = new URL('../../../../', import.meta.url);
const committed = (name: string) => readFileSync(new URL(`schemas/${name}`, root), 'utf8');

test('the committed schemas are what the code makes; npm run schemas writes them', async () => {
  const made = await import(new URL('scripts/published-schemas.mjs', root).href);
  for (const [name, text] of Object.entries(made.publishedSchemas() as Record<string, string>)) {
    assert.deepEqual(JSON.parse(committed(name)), JSON.parse(text), name);
  }
});

test('a run.json that was written fits its schema, and one that was spoilt does not', (t) => {
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(committed('run.schema.json')));
  const run = syntheticRun(t);
  reportRun(run);
  const text = run.read('run.json') ?? assert.fail('no run.json');
  assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
  assert.ok(!validate(JSON.parse(text.replace('"stalled"', '"stuck"'))));
  assert.ok(!validate(JSON.parse(text.replace('"lostEvents": 0', '"lostEvents": -1'))));
});
