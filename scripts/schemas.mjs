/**
 * Writes the published schemas from the code that they describe: schemas/run.schema.json, schemas/diff.schema.json,
 * schemas/matrix.schema.json, schemas/plan.schema.json and schemas/openapi.json.  Needs the build; test/unit/scripts/schemas.test.ts fails while they differ from the code.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { publishedSchemas } from './published-schemas.mjs';

const directory = fileURLToPath(new URL('../schemas/', import.meta.url));
mkdirSync(directory, { recursive: true });
for (const [name, text] of Object.entries(publishedSchemas())) writeFileSync(`${directory}${name}`, text);
