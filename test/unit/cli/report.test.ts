/** `stuckfs report`: every form of a run, from a copy of its directory, in another place, time zone and language. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RunDirectory } from '../../../src/record/run-directory.js';
import { reportRun } from '../../../src/report/write.js';
import { editEvents, syntheticRun } from '../report/synthetic-run.js';
import { assertOneLineError, freshDirectory, runCli } from './run-cli.js';

const files = {
  json: 'run.json',
  ktap: 'ktap.txt',
  junit: 'junit.xml',
  perfetto: 'perfetto.json',
  html: 'report.html',
} as const;

async function reported(t: TestContext): Promise<RunDirectory> {
  const run = syntheticRun(t);
  await reportRun(run);
  return run;
}

test('every form of a copied run directory is that of the run, byte for byte, and the copy stays as it was', async (t) => {
  const run = await reported(t);
  const directory = freshDirectory(t);
  const copy = join(directory, 'a copy & "more"');
  cpSync(run.path, copy, { recursive: true });
  const before = readdirSync(copy, { recursive: true });
  for (const [format, name] of Object.entries(files)) {
    const { status, stdout, stderr } = await runCli(['report', 'a copy & "more"', '--format', format], {
      cwd: directory,
      environment: { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
    });
    assert.deepEqual([status, stderr], [0, ''], format);
    assert.equal(stdout, run.read(name), format);
    for (const foreign of [run.path, process.cwd()])
      assert.ok(!stdout.includes(foreign), `${format} has ${foreign} in it`);
  }
  assert.deepEqual(readdirSync(copy, { recursive: true }), before);
});

test('--output writes the file and prints nothing; the exit status is that of the run', async (t) => {
  const run = await reported(t);
  const output = join(freshDirectory(t), 'held.html');
  const passed = await runCli(['report', run.path, '--format', 'html', '--output', output]);
  assert.deepEqual(passed, { status: 0, stdout: '', stderr: '' });
  assert.equal(readFileSync(output, 'utf8'), run.read('report.html'));

  rmSync(run.artifact('trace-1.txt'));
  const unknown = await runCli(['report', run.path, '--format', 'ktap', '--output', output]);
  assert.deepEqual(unknown, { status: 3, stdout: '', stderr: '' });
  assert.match(readFileSync(output, 'utf8'), /# UNKNOWN: trace-1\.txt is missing from the run directory\n/);
});

test('without --format it is for the terminal, and --json is --format json', async (t) => {
  const run = await reported(t);
  assert.match((await runCli(['report', run.path])).stdout, /\nverdict: pass\n$/);
  assert.equal((await runCli(['report', run.path, '--json'])).stdout, run.read('run.json'));
});

test('what is wrong with the words is said, and nothing is written', async (t) => {
  const run = await reported(t);
  const directory = freshDirectory(t);
  writeFileSync(join(directory, 'file'), 'as it was');
  const wrong: readonly (readonly [words: readonly string[], ...texts: string[]])[] = [
    [['--format', 'pdf'], '--format: "pdf"', 'terminal, json, ktap, junit, perfetto, html'],
    [['--format', 'html', '--json'], '--format: "html"', '--json'],
    [['--output', directory], '--output', 'EISDIR'],
    [['--output', join(directory, 'none', 'x')], '--output', 'cannot be written', 'ENOENT'],
    [['--output', join(directory, 'file', 'x')], '--output', 'cannot be written', 'ENOTDIR'],
    [['--output', '/dev/full'], '--output', 'ENOSPC'],
    [['--output', ''], '--output'],
  ];
  for (const [words, ...texts] of wrong)
    assertOneLineError(await runCli(['report', run.path, ...words]), 2, texts);
  assert.deepEqual(readdirSync(directory), ['file']);
  assert.equal(readFileSync(join(directory, 'file'), 'utf8'), 'as it was');
  assert.ok(existsSync('/dev/full'));
});

test('a damaged run directory is reported as far as it goes, as unknown, with the line that is wrong', async (t) => {
  const run = await reported(t);
  editEvents(run, (lines) => lines.map((line, index) => (index === 3 ? '{"event":' : line)));
  for (const format of ['terminal', 'ktap', 'junit', 'html']) {
    const { status, stdout } = await runCli(['report', run.path, '--format', format]);
    assert.equal(status, 3, format);
    assert.match(stdout, /line 4 of events\.jsonl is not JSON/, format);
  }
});
