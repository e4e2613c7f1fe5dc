/** `stuckfs matrix` and `stuckfs report merge` as users meet them, short of a boot. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { MatrixJson } from '../../../src/matrix/matrix-json.js';
import { aMatrix, fakeBoot, play } from '../matrix/fake-play.js';
import { assertOneLineError, freshDirectory, runCli } from './run-cli.js';

const words = { scenarios: ['writeback-held'] };

test('shards are merged into one table, and into one directory', async (t) => {
  const schema = readFileSync(new URL('../../../../schemas/matrix.schema.json', import.meta.url), 'utf8');
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(schema));
  const { boot } = fakeBoot(t);
  const [one, two] = [1, 2].map((index) => aMatrix(t, { words, shard: { index, of: 2 } }));
  assert.ok(one && two);
  for (const matrix of [one, two]) await play(matrix, boot);
  const half = await runCli(['report', 'merge', one.path]);
  assert.equal(half.status, 3, half.stderr);
  assert.match(half.stdout, /unknown:\n {2}on 6\.18: is of a shard that is not here/);
  const both = await runCli(['report', 'merge', one.path, two.path, '--json']);
  assert.equal(both.status, 0, both.stderr);
  const matrix: MatrixJson = JSON.parse(both.stdout);
  assert.ok(validate(matrix), JSON.stringify(validate.errors));
  assert.equal(matrix.verdict, 'pass');

  const out = join(freshDirectory(t), 'whole');
  const joined = await runCli(['report', 'merge', one.path, two.path, '--out', out]);
  assert.equal(joined.status, 0, joined.stderr);
  assert.match(joined.stdout, /^ {2}fault +stalled +stalled$/m);
  assert.equal(readFileSync(join(out, 'matrix.txt'), 'utf8'), joined.stdout);
  const [evidence = ''] = JSON.parse(
    readFileSync(join(out, 'matrix.json'), 'utf8'),
  ).rows[0].kernels[1].evidence.split('#');
  assert.ok(existsSync(join(out, evidence)), evidence);
  // Each is a run directory like any other.
  const report = await runCli(['report', join(out, '6.1', 'plain')]);
  assert.equal(report.status, 0, report.stderr);
  assertOneLineError(await runCli(['report', 'merge', one.path, '--out', out]), 2, [
    '--out',
    'already: give --resume',
  ]);
});

test('what cannot be is refused in one line, before anything is made', async (t) => {
  const directory = freshDirectory(t);
  const { path } = aMatrix(t, { words });
  const kernels = ['--kernels', '6.1'];
  const all = [...kernels, '--all'];
  const refusals: readonly (readonly [words: readonly string[], ...texts: string[]])[] = [
    [['matrix'], '--kernels', 'is required'],
    [['matrix', ...kernels], 'scenario', '--all'],
    [['matrix', ...kernels, '--scenario', 'nonesuch'], 'scenario: "nonesuch"'],
    [['matrix', ...kernels, '--scenario', 'healthy', '--trigger', 'nonesuch'], '--trigger: "nonesuch"'],
    [['matrix', '--kernels', '6.1,debian:6.1', '--all'], '--kernels: "debian:6.1"', 'twice'],
    [['matrix', '--kernels', '6.1,', '--all'], '--kernels: ""', 'debian:SERIES'],
    [['matrix', '--kernels', 'debian:six', '--all'], '--kernels: "debian:six"'],
    [['matrix', ...all, '--modules', '/m'], '--modules', 'one bzImage'],
    [['matrix', ...all, '--jobs', '0'], '--jobs: "0"'],
    [['matrix', ...all, '--shard', '3/2'], '--shard: "3/2"'],
    [['matrix', ...all, '--accel', 'fast'], '--accel: "fast"'],
    [['matrix', ...all, '--time-limit', '5ms'], '--time-limit: "5ms"'],
    [['matrix', ...all, '--stuck', '1'], '--stuck: "1"'],
    [['matrix', ...all, '--fail-on', 'rain'], '--fail-on: "rain"'],
    [['matrix', ...all, '--out', directory], '--out', 'exists already'],
    [['matrix', ...all, '--out', '/proc/sys/x/y'], '--out', 'cannot be made'],
    [['matrix', '--resume', directory], '--resume', 'holds no matrix-plan.json'],
    [['matrix', '--resume', path], '--resume', 'was begun by stuckfs 1.2.3'],
    [['matrix', '--resume', path, '--all'], '--all', 'contradicts --resume'],
    [['report', 'merge', directory], 'directory', 'holds no matrix-plan.json'],
    [['report', 'merge', path, path], 'directory', 'so is'],
    [['report', 'merge', path, '--diff'], 'option: "--diff"'],
  ];
  const environment = { STUCKFS_CACHE: join(directory, 'cache') };
  for (const [given, ...texts] of refusals)
    assertOneLineError(await runCli(given, { cwd: directory, environment }), 2, texts);
  assert.ok(!existsSync(join(directory, 'runs')));
});
