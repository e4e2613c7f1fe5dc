/** `stuckfs run` that cannot be: exit status 2, one line, and nothing is started or written. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertOneLineError, freshDirectory, runCli } from './run-cli.js';

/** A directory stands where a case says EMPTY. */
const cases: readonly (readonly [words: readonly string[], ...texts: string[]])[] = [
  [['run'], 'scenario: ""', 'writeback-held'],
  [['run', 'frob'], 'scenario: "frob"', 'writeback-held'],
  [['run', '--scenario', 'frob'], 'scenario: "frob"', 'writeback-held'],
  [['run', '--all', 'healthy', '--scenario', 'cable-trip'], '--scenario: "cable-trip"', 'healthy'],
  [['run', 'healthy', '--trigger', 'push'], '--trigger: "push"', 'compact-node'],
  [['run', '--all', '--transport', 'smoke'], '--transport: "smoke"', 'dev-fuse'],
  [['run', 'healthy', '--mitigation', 'hope'], '--mitigation: "hope"', 'abort'],
  [['run', 'healthy', '--mitigation', 'abort'], '--mitigation: "abort"', 'healthy has no arm'],
  [['run', 'healthy', '--mitigation', 'none', '--mitigation', 'abort'], '"none abort"', 'contradict'],
  [['run', 'writeback-delayed', '--trigger', 'compact-node'], '"compact-node"', 'leaves no cell'],
  [['run', 'healthy', '--repeat', '0'], '--repeat: "0"', '1000'],
  [['run', 'healthy', '--repeat', '1001'], '--repeat: "1001"'],
  [['run', 'healthy', '--fail-on', 'pass'], '--fail-on: "pass"', 'unknown or skip'],
  [['run', 'healthy', '--junit', ''], '--junit: ""', 'no file'],
  [['run', 'healthy', '--junit', 'EMPTY'], '--junit: "', 'EISDIR'],
  [['run', 'healthy', '--ktap', '/nonexistent/deep/ktap'], '--ktap: "/nonexistent/deep/ktap"', 'ENOENT'],
];

for (const [words, ...texts] of cases) {
  test(`stuckfs ${words.join(' ')}`.slice(0, 80), async (context) => {
    const directory = freshDirectory(context);
    const given = words.map((word) => (word === 'EMPTY' ? directory : word));
    assertOneLineError(await runCli(given, { cwd: directory }), 2, texts);
    assert.deepEqual(readdirSync(directory), []);
  });
}

test('an output of a run that is refused: what was there stays, what was not is not made', async (context) => {
  const directory = freshDirectory(context);
  const [old, fresh] = [join(directory, 'old.xml'), join(directory, 'fresh.ktap')];
  writeFileSync(old, 'before');
  const outputs = ['--junit', old, '--ktap', fresh];
  assertOneLineError(await runCli(['run', 'frob', ...outputs]), 2, ['scenario: "frob"']);
  assertOneLineError(
    await runCli(['run', 'healthy', '--junit', old, '--ktap', `${directory}/./old.xml`]),
    2,
    ['the file of --junit'],
  );
  assert.equal(readFileSync(old, 'utf8'), 'before');
  assert.deepEqual(readdirSync(directory), ['old.xml']);
});

test('git bisect is told that a run which was refused says nothing', async () => {
  const refused = [['frob'], ['healthy', '--trigger', 'push'], ['healthy', '--stuck', '3x']];
  refused.push(['healthy', '--fail-on', 'skip'], ['healthy', '--nosuch']);
  for (const words of refused) {
    assertOneLineError(await runCli(['run', '--bisect', ...words]), 125, []);
  }
});
