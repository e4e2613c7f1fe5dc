import assert from 'node:assert/strict';
import { it } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { PATIENCE_VARIABLE, patienceOf, patient } from '../../../src/base/patience.js';
import { runCommandLine } from '../../../src/cli/command-line.js';

for (const [text, factor] of [
  [undefined, 1],
  ['', 1],
  ['1', 1],
  ['8', 8],
  ['2.5', 2.5],
  ['100', 100],
] as const) {
  it(`${text} is ${factor}`, () => {
    const environment = text === undefined ? {} : { [PATIENCE_VARIABLE]: text };
    assert.equal(patienceOf(environment), factor);
  });
}

for (const text of ['0', '0.5', '-8', '101', '1e1', 'Infinity', 'NaN', ' 8', '8x']) {
  it(`${JSON.stringify(text)} is refused before a command does anything`, async () => {
    assert.throws(() => patienceOf({ [PATIENCE_VARIABLE]: text }), UsageError);
    assert.equal(await runCommandLine(['scenarios'], { [PATIENCE_VARIABLE]: text }), 2);
  });
}

it('a deadline is multiplied', () => {
  const before = process.env[PATIENCE_VARIABLE];
  process.env[PATIENCE_VARIABLE] = '8';
  try {
    assert.equal(patient(15_000), 120_000);
  } finally {
    if (before === undefined) delete process.env[PATIENCE_VARIABLE];
    else process.env[PATIENCE_VARIABLE] = before;
  }
});
