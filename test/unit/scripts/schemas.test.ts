import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { parsePlan } from '../../../src/plan/parse-plan.js';
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

test('a plan that is taken fits its schema, and one that was spoilt does not', () => {
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(committed('plan.schema.json')));
  const examples = readdirSync(new URL('scripts/examples/plans/', root));
  assert.ok(examples.length > 0);
  for (const name of examples) {
    const text = readFileSync(new URL(`scripts/examples/plans/${name}`, root), 'utf8');
    const { plan } = parsePlan(text, name);
    for (const form of [parse(text), plan]) {
      assert.ok(validate(form), `${name}: ${JSON.stringify(validate.errors)}`);
    }
    assert.ok(!validate({ ...plan, shiny: 1 }), name);
  }
  const phase = { name: 'a', until: { held: { count: 1 } }, steps: [{ wait: '1s' }] };
  assert.ok(validate({ phases: [phase] }));
  for (const spoilt of [
    { ...phase, until: 'nevr' },
    { ...phase, until: { held: { count: 65_536 } } },
    { ...phase, until: { after: '1s', held: { count: 1 } } },
    { ...phase, steps: [{ wait: '5 parsecs' }] },
    { ...phase, steps: ['relase'] },
    { ...phase, faults: [{ action: { type: 'wobble' } }] },
  ])
    assert.ok(!validate({ phases: [spoilt] }), JSON.stringify(spoilt));
});

test('a run.json that was written fits its schema, and one that was spoilt does not', async (t) => {
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(committed('run.schema.json')));
  const run = syntheticRun(t);
  await reportRun(run);
  const text = run.read('run.json') ?? assert.fail('no run.json');
  assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
  assert.ok(!validate(JSON.parse(text.replace('"stalled"', '"stuck"'))));
  assert.ok(!validate(JSON.parse(text.replace('"lostEvents": 0', '"lostEvents": -1'))));
});
