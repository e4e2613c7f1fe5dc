/** The text of each file of schemas/, as the built code has it. */
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { openApiDocument } from '../dist/src/control/server/openapi.js';
import { MatrixJsonSpec } from '../dist/src/matrix/matrix-json.js';
import { PlanShape } from '../dist/src/plan/plan.js';
import { DiffJsonSpec } from '../dist/src/report/diff/diff-json.js';
import { RunJsonSpec } from '../dist/src/report/run-json.js';

/** @returns {Record<string, string>} by file name */
export function publishedSchemas() {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const run = { title: 'run.json of stuckfs', ...z.toJSONSchema(RunJsonSpec, { target: 'draft-2020-12' }) };
  const diff = {
    title: 'report --diff --json of stuckfs',
    ...z.toJSONSchema(DiffJsonSpec, { target: 'draft-2020-12' }),
  };
  const matrix = {
    title: 'matrix.json of stuckfs',
    ...z.toJSONSchema(MatrixJsonSpec, { target: 'draft-2020-12' }),
  };
  const plan = {
    title: 'fault plan of stuckfs',
    ...z.toJSONSchema(PlanShape, { target: 'draft-2020-12', io: 'input' }),
  };
  return {
    'run.schema.json': text(run),
    'diff.schema.json': text(diff),
    'matrix.schema.json': text(matrix),
    'plan.schema.json': text(plan),
    'openapi.json': text(openApiDocument(version)),
  };
}

function text(json) {
  return `${JSON.stringify(json, null, 2)}\n`;
}
