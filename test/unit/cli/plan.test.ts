/** `stuckfs plan` and `mount --plan`: what is wrong with a file is told before anything is started. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { planForMount, readPlan } from '../../../src/cli/plan-file.js';
import { DaemonConfigSpec } from '../../../src/daemon/config.js';
import { serveFake } from '../control/fake-daemon.js';
import { assertOneLineError, freshDirectory, runCli } from './run-cli.js';

const good = `
phases:
  - name: wedge
    faults: [hold write path=/a/**]
    until: { held: { count: 64, opcodes: [write] } }
    steps:
      - wait: 300ms
      - release: { fraction: 0.5, order: reversed }
  - name: after
    keep: true
    faults: [fail EIO read]
    until: { requests: { count: 2, opcodes: [read] } }
`;

function file(context: TestContext, text: string | Buffer): string {
  const path = join(freshDirectory(context), 'plan.yaml');
  writeFileSync(path, text);
  return path;
}

test('plan check shows what a plan does', async (context) => {
  const { status, stdout, stderr } = await runCli(['plan', 'check', file(context, good)]);
  assert.equal(status, 0, stderr);
  assert.equal(
    stdout,
    `2 phases
wedge
  fault  hold WRITE path=/a/**
  until  at least 64 WRITE are held
  step   wait 300ms
  step   release 0.5 of the requests newest first
after
  fault  fail EIO READ
  until  2 READ have come
  keep   its faults
`,
  );
});

test('plan check --json gives the normal form, which is a plan again; it reads standard input', async (context) => {
  const first = await runCli(['plan', 'check', '--json', file(context, good)]);
  assert.equal(first.status, 0, first.stderr);
  const again = await runCli(['plan', 'check', '--json', '-'], { input: first.stdout });
  assert.equal(again.status, 0, again.stderr);
  assert.equal(again.stdout, first.stdout);
});

const bad: readonly (readonly [words: readonly string[], text: string, ...texts: string[]])[] = [
  [
    ['plan', 'check'],
    'phases:\n- name: a\n  faults: [wobble]\n  until: never',
    'plan.yaml:3: phases[0].faults[0]: "wobble"',
    'hold, delay',
  ],
  [
    ['plan', 'run', '--socket', '/nonexistent/s'],
    '{"phases": [\n{"name": "a",\n"steps": ["halt"]}]}',
    'plan.yaml:3: phases[0].steps[0]: "halt"',
    'release, unplug',
  ],
  [
    ['mount', 'EMPTY', '--plan'],
    'phases:\n- name: a\n  until: {held: {count: 1}}',
    'plan.yaml:3: phases[0].until.held: {"count":1}: can never be',
  ],
];
for (const [words, text, ...texts] of bad) {
  test(`stuckfs ${words.join(' ')} of ${JSON.stringify(text)}`, async (context) => {
    const given = words.map((word) => (word === 'EMPTY' ? freshDirectory(context) : word));
    assertOneLineError(await runCli([...given, file(context, text)]), 2, texts);
  });
}

const refuses = (reading: Promise<unknown>, ...texts: readonly string[]) =>
  assert.rejects(reading, (error) => {
    assert.ok(error instanceof UsageError, String(error));
    for (const text of texts) assert.ok(error.message.includes(text), `no ${text} in ${error.message}`);
    return true;
  });

test('what is no file that can hold a plan is refused, and not waited for', async (context) => {
  const directory = freshDirectory(context);
  const at = (name: string) => join(directory, name);
  mkdirSync(at('directory'));
  execFileSync('mkfifo', [at('pipe')]);
  writeFileSync(at('binary'), Buffer.from([0xff, 0xfe, 0x00]));
  writeFileSync(at('large'), Buffer.alloc(256 * 1024 + 1, 0x20));
  const cases: readonly (readonly [name: string, remedy: string])[] = [
    ['none', 'cannot be read (ENOENT)'],
    ['directory', 'is not a file'],
    ['pipe', 'is not a file'],
    ['binary', 'not text in UTF-8'],
    ['large', 'larger than 262144 bytes'],
  ];
  for (const [name, remedy] of cases)
    await refuses(readPlan('FILE', at(name)), `FILE: "${at(name)}"`, remedy);
  await refuses(readPlan('FILE', ''), 'FILE: ""');
});

test('a plan for a mount is held against --max-hold, and against what fits into a command line', async (context) => {
  const mount = (text: string) =>
    planForMount(file(context, text), DaemonConfigSpec.parse({ mountPoint: '/mnt', maxHoldMs: 120_000 }));
  assert.equal((await mount(good)).phases.length, 2);
  await refuses(
    mount('phases:\n- name: a\n  faults: [hold]\n  until: {held: {count: 1}}\n  steps:\n  - wait: 2m'),
    'plan.yaml:6: phases[0].steps[0].wait: "2m"',
    '--max-hold',
  );
  await refuses(
    mount('phases:\n- name: a\n  faults: [delay fixed:3m]\n  until: never'),
    'plan.yaml:3: phases[0].faults[0]:',
    'longer than --max-hold',
  );
  const phases = Array.from({ length: 1000 }, (_, nr) => ({
    name: `phase ${nr}`,
    faults: ['hold write path=/some/directory/**'],
    until: { after: '1s' },
  }));
  await refuses(mount(JSON.stringify({ phases })), '--plan: ', 'use stuckfs plan run');
});

test('plan run starts it; status and stop show how far it is', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  const socket = ['--socket', socketPath];
  const started = await runCli(['plan', 'run', file(context, good), ...socket]);
  assert.equal(started.status, 0, started.stderr);
  assert.deepEqual(
    daemon.calls.map(([name]) => name),
    ['startPlan'],
  );
  assert.match(started.stdout, /^wedge +current +0ms +- +0$/m);
  assert.match(started.stdout, /the plan runs, seed 0, .*; it waits for at least 64 WRITE to be held/);
  const json = await runCli(['plan', 'status', '--json', ...socket]);
  assert.deepEqual(JSON.parse(json.stdout), daemon.planStatus);
  const stopped = await runCli(['plan', 'stop', ...socket]);
  assert.equal(stopped.status, 0);
  assert.match(stopped.stdout, /the plan is stopped/);
});

test('plan run --wait exits 3 when the plan is not at its end in time', async (context) => {
  const { socketPath } = await serveFake(context);
  const words = ['plan', 'run', '--wait', '--timeout', '100ms', file(context, good), '--socket', socketPath];
  assertOneLineError(await runCli(words), 3, ['"wedge"', 'at least 64 WRITE']);
});

test('plan run --wait exits 1 when the plan was stopped meanwhile', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  const started = daemon.startPlan;
  daemon.startPlan = async (plan) => {
    const answer = await started(plan);
    daemon.planStatus = { ...answer, state: 'stopped', waitsFor: null };
    return answer;
  };
  const result = await runCli(['plan', 'run', '--wait', file(context, good), '--socket', socketPath]);
  assert.equal(result.status, 1);
  assert.match(result.stdout, /the plan is stopped/);
});

test('--timeout goes with --wait', async (context) => {
  const words = ['plan', 'run', '--timeout', '1s', file(context, good)];
  assertOneLineError(await runCli(words), 2, ['--timeout: "1s"', '--wait']);
});
