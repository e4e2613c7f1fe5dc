/** Help and version: for every command, with examples, on standard output, exit status 0. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { actionTypes } from '../../../src/fault/actions.js';
import { runCli } from './run-cli.js';

const documented: readonly (readonly [words: readonly string[], ...options: string[]])[] = [
  [['mount'], '--plan', '--foreground', '--ready-fd', '--max-hold', '--no-writeback-cache', '-o'],
  [['unmount'], '--force'],
  [['hold'], '--path', '--nth', '--probability', '--mount'],
  [['release'], '--opcode', '--unique', '--reversed', '--never', '--socket'],
  [['unplug'], '--mount', '--socket'],
  [['plug'], '--mount', '--socket'],
  [['held'], '--wait-for', '--timeout', '--limit'],
  [['fault', 'add'], '--distribution', '--json-spec', ...actionTypes, 'rate:10M', 'ENOSYS'],
  [['fault', 'list'], '--mount'],
  [['fault', 'remove'], 'id'],
  [['fault', 'clear'], '--mount'],
  [['plan', 'check'], 'file'],
  [['plan', 'run'], '--wait', '--timeout', '--mount'],
  [['plan', 'status'], '--mount'],
  [['plan', 'stop'], '--socket'],
  [['status'], '--mount'],
  [['doctor'], '--json'],
  [['matrix'], '--kernels', '--shard', '--resume', '--time-limit', 'matrix.json'],
  [['report', 'merge'], '--out'],
  [['vm', 'kernels'], '--cached', '--every', 'STUCKFS_CACHE'],
  [['rescue'], '--dry-run'],
];

for (const [words, ...options] of documented) {
  test(`stuckfs ${words.join(' ')} --help`, async () => {
    const { status, stdout, stderr } = await runCli([...words, '--help']);
    assert.equal(status, 0);
    assert.equal(stderr, '');
    assert.match(stdout, new RegExp(`^stuckfs ${words.join(' ')}`));
    assert.match(stdout, /\nExamples:\n/);
    for (const option of ['--json', '--log-level', ...options]) assert.ok(stdout.includes(option), option);
  });
}

test('the help of the program lists each command', async () => {
  const { status, stdout } = await runCli(['--help']);
  assert.equal(status, 0);
  const listed = [...stdout.matchAll(/^ {2}stuckfs (\w+) /gm)].map(([, name]) => name);
  for (const [[name]] of documented) assert.ok(listed.includes(name), name);
  assert.match(stdout, /Exit status: 0 as expected, 1 failed, 2 usage/);
});

test('the version is that of the package', async () => {
  const { status, stdout } = await runCli(['--version']);
  const { version } = JSON.parse(
    readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'),
  ) as {
    version: string;
  };
  assert.equal(status, 0);
  assert.equal(stdout, `${version}\n`);
});

test('help that nobody reads to the end is no error', async () => {
  const { status, stderr } = await runCli([], {
    prefix: ['sh', '-c', '"$@" --help | true; exec "$@" --help >&-', 'sh'],
  });
  assert.equal(stderr, '');
  assert.ok(status === 0 || status === null, `status ${status}`);
});
