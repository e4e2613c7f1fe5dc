/** The commands that talk to a daemon, against a control server on a real socket. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ControlError } from '../../../src/control/contract/errors.js';
import { startControlServer } from '../../../src/control/server/server.js';
import { fakeDaemon, heldWrite, serveFake, silentLog } from '../control/fake-daemon.js';
import { assertOneLineError, type CliOptions, freshDirectory, runCli } from './run-cli.js';

const run = async (words: readonly string[], options: CliOptions = {}) => {
  const result = await runCli(words, options);
  assert.equal(result.status, 0, result.stderr);
  assert.equal(result.stderr, '');
  return result.stdout;
};

test('hold arms a fault with the conditions of its options', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  const words = ['hold', 'write', 'READ,fsync', '--path', 'dir/*', '--range', '4K-1M', '--nth', '3'];
  const text = await run([...words, '--socket', socketPath]);
  assert.equal(text, 'fault 1: hold WRITE,READ,FSYNC path=/dir/* range=4096-1048576 nth=3\n');
  assert.deepEqual(daemon.calls, [
    [
      'addFault',
      {
        match: {
          opcodes: ['FUSE_WRITE', 'FUSE_READ', 'FUSE_FSYNC'],
          path: '/dir/*',
          range: { start: 4096, end: 1048576 },
          nth: 3,
        },
        action: { type: 'hold' },
      },
    ],
  ]);
});

test('hold without opcodes holds them all; the socket may come from the environment', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  const text = await run(['hold', '--json'], { environment: { STUCKFS_SOCKET: socketPath } });
  assert.deepEqual(JSON.parse(text), { id: 1, fault: { match: {}, action: { type: 'hold' } } });
  assert.deepEqual(daemon.calls, [['addFault', { match: {}, action: { type: 'hold' } }]]);
});

test('fault add takes words, options and JSON for the same fault, and what fault list prints', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  const socket = ['--socket', socketPath];
  const json =
    '{"match":{"opcodes":["write"],"every":2},"action":{"type":"delay","distribution":{"kind":"fixed","ms":100}}}';
  await run(['fault', 'add', 'delay', 'fixed:100ms', 'write', 'every=2', ...socket]);
  await run(['fault', 'add', 'delay', 'write', '--distribution', 'fixed:100ms', '--every', '2', ...socket]);
  await run(['fault', 'add', '--json-spec', json, ...socket]);
  await run(['fault', 'add', '--json-spec', '-', ...socket], { input: json });
  const expected = {
    match: { opcodes: ['FUSE_WRITE'], every: 2 },
    action: { type: 'delay', distribution: { kind: 'fixed', ms: 100 } },
  };
  assert.deepEqual(
    daemon.calls,
    Array.from({ length: 4 }, () => ['addFault', expected]),
  );
  const listed = await run(['fault', 'list', ...socket]);
  assert.match(listed, /^id {2}fault\n 1 {2}delay fixed:100ms WRITE every=2\n 2 {2}/);
  const printed = listed.split('\n')[1]?.trim().split(/\s+/).slice(1) ?? [];
  await run(['fault', 'add', ...printed, ...socket]);
  assert.deepEqual(daemon.calls.at(-1), ['addFault', expected]);
});

test('fault remove and fault clear', async (context) => {
  const { socketPath } = await serveFake(context);
  const socket = ['--socket', socketPath];
  assert.equal(await run(['fault', 'list', ...socket]), 'no faults\n');
  for (const opcode of ['write', 'read', 'open']) await run(['hold', opcode, ...socket]);
  assert.equal(await run(['fault', 'remove', '2', ...socket]), 'removed fault 2: hold READ\n');
  assertOneLineError(await runCli(['fault', 'remove', '2', ...socket]), 2, ['2']);
  assert.equal(await run(['fault', 'clear', ...socket]), '2 faults removed\n');
  assert.deepEqual(JSON.parse(await run(['fault', 'list', '--json', ...socket])), { faults: [] });
});

test('held shows a table that a mail can carry, and totals', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  const socket = ['--socket', socketPath];
  assert.equal(await run(['held', ...socket]), 'nothing is held\n');
  daemon.heldRequests = [
    heldWrite(1),
    { ...heldWrite(2), path: '/a\u001b[31m\nb', ageMs: 12_345 },
    heldWrite(3),
  ];
  assert.equal(
    await run(['held', '--limit', '2', ...socket]),
    [
      '              unique  opcode  nodeid  path        offset  size    age  pid  reason',
      '18446744073709000001  WRITE        2  /dir/stuck    4096  4096   11ms    0  fault 1: hold',
      '18446744073709000002  WRITE        2  /a?[31m?b     8192  4096  12.3s    0  fault 1: hold',
      '',
      'the oldest 2 of 3 requests held, 12KiB: WRITE 3',
      '',
    ].join('\n'),
  );
  assert.equal(await run(['held', '--limit', '0', ...socket]), '3 requests held, 12KiB: WRITE 3\n');
  const json = JSON.parse(await run(['held', '--opcode', 'write', '--json', ...socket])) as {
    held: unknown[];
  };
  assert.deepEqual(json.held, daemon.heldRequests);
});

test('held passes its filters on', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  await run([
    'held',
    '--opcode',
    'Write',
    '--path',
    'a',
    '--nodeid',
    '7',
    '--limit',
    '5',
    '--socket',
    socketPath,
  ]);
  assert.deepEqual(daemon.calls, [
    ['held', { opcode: 'FUSE_WRITE', path: '/a', nodeid: 7, limit: 5, offset: 0 }],
  ]);
});

test('held --wait-for returns when enough is held, and with 3 when it takes too long', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  const socket = ['--socket', socketPath];
  daemon.heldRequests = [heldWrite(1)];
  assertOneLineError(await runCli(['held', '--wait-for', '2', '--timeout', '100ms', ...socket]), 3, [
    '100 ms',
    'for 2',
    '1 (4096 bytes)',
  ]);
  const waiting = run(['held', '--wait-for', '2', '--timeout', '20s', '--limit', '0', ...socket]);
  const asked = daemon.calls.length;
  while (daemon.calls.length < asked + 2) await new Promise((resolve) => setTimeout(resolve, 5));
  daemon.heldRequests = [heldWrite(1), heldWrite(2)];
  assert.equal(await waiting, '2 requests held, 8KiB: WRITE 2\n');
});

test('release passes every filter on and tells what came of it', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  const socket = ['--socket', socketPath];
  daemon.heldRequests = [heldWrite(1), heldWrite(2), heldWrite(3)];
  const filters = ['--opcode', 'write,read', '--opcode', 'fsync', '--path', '/a/**', '--nodeid', '7'];
  const more = ['--unique', '1,2', '--unique', '3', '--fault', '4', '--count', '2', '--reversed'];
  assert.equal(
    await run(['release', ...filters, ...more, ...socket]),
    '2 requests released, 8KiB; 1 still held\n',
  );
  assert.deepEqual(daemon.calls, [
    [
      'release',
      {
        opcodes: ['FUSE_WRITE', 'FUSE_READ', 'FUSE_FSYNC'],
        path: '/a/**',
        nodeid: 7,
        uniques: ['1', '2', '3'],
        faultId: 4,
        count: 2,
        order: 'reversed',
      },
    ],
  ]);
  assert.deepEqual(JSON.parse(await run(['release', '--json', ...socket])), {
    released: 1,
    bytes: 4096,
    remaining: 0,
  });
  assert.deepEqual(daemon.calls.at(-1), ['release', { order: 'fifo' }]);
});

test('release --never names what is else passed over', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  await run(['release', '--never', '--socket', socketPath]);
  assert.deepEqual(daemon.calls, [['release', { never: true, order: 'fifo' }]]);
});

test('unplug and plug, and what came of them', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  const socket = ['--socket', socketPath];
  assert.equal(await run(['unplug', ...socket]), 'unplugged\n');
  assert.equal(await run(['unplug', ...socket]), 'it was unplugged already\n');
  daemon.heldRequests = [heldWrite(1), heldWrite(2)];
  assert.equal(await run(['plug', ...socket]), 'plugged; 2 requests answered, 8KiB; 0 still held\n');
  assert.equal(await run(['plug', ...socket]), 'it was not unplugged; 0 still held\n');
  assert.deepEqual(JSON.parse(await run(['unplug', '--json', ...socket])), { changed: true });
  assert.deepEqual(JSON.parse(await run(['plug', '--json', ...socket])), {
    changed: true,
    released: 0,
    bytes: 0,
    remaining: 0,
  });
});

test('fault add takes every action as words', async (context) => {
  const { daemon, socketPath } = await serveFake(context);
  const socket = ['--socket', socketPath];
  const cases: readonly (readonly [string, string, object])[] = [
    ['fail enospc write', 'fail ENOSPC WRITE', { type: 'fail', errno: 'ENOSPC' }],
    ['short 4K', 'short 4K READ,WRITE', { type: 'short', bytes: 4096 }],
    ['short 50% read', 'short 50% READ', { type: 'short', percent: 50 }],
    ['never fsync', 'never FSYNC', { type: 'never' }],
    [
      'delay write --distribution rate:10M/s',
      'delay rate:10M WRITE',
      { type: 'delay', distribution: { kind: 'rate', bytesPerSecond: 10 << 20 } },
    ],
  ];
  for (const [index, [words, printed, action]] of cases.entries()) {
    assert.equal(
      await run(['fault', 'add', ...words.split(' '), ...socket]),
      `fault ${index + 1}: ${printed}\n`,
    );
    const fault = daemon.calls.at(-1)?.[1] as { action: object };
    assert.deepEqual(fault.action, action);
  }
});

test('status, as text and as JSON', async (context) => {
  const { socketPath, daemon } = await serveFake(context);
  const text = await run(['status', '--socket', socketPath]);
  assert.match(text, /^mounted at +\/mnt\/a "quoted"\\path\n/);
  assert.match(text, /^held +2 requests, 8KiB, the oldest for 1\.5s\n +WRITE 2\n/m);
  assert.match(text, /^watchdog +pid 4243$/m);
  const json = JSON.parse(await run(['status', '--json', '--socket', socketPath]));
  assert.deepEqual(json, await daemon.status());
});

test('a refusal of the daemon is one line with its exit status', async (context) => {
  const socketPath = join(freshDirectory(context), 'control.sock');
  const api = {
    ...fakeDaemon(),
    addFault: async () => {
      throw new ControlError('CONFLICT', 'no watchdog runs:\n  faults are refused');
    },
    status: async () => {
      throw new Error('a secret of the daemon');
    },
  };
  const server = await startControlServer({ socketPath, api, log: silentLog });
  context.after(() => server.close());
  assertOneLineError(await runCli(['hold', '--socket', socketPath]), 1, [
    'no watchdog runs: ; faults'.slice(0, 16),
  ]);
  assertOneLineError(await runCli(['status', '--socket', socketPath]), 1, ['stuckfs: ']);
});

test('--log-level debug logs to standard error and shows where an error arose', async (context) => {
  const { socketPath } = await serveFake(context);
  const good = await runCli(['status', '--json', '--log-level', 'debug', '--socket', socketPath]);
  assert.equal(good.status, 0);
  assert.equal(JSON.parse(good.stderr).socketPath, socketPath);
  JSON.parse(good.stdout);
  const bad = await runCli(['held', '--limit', 'x', '--log-level', 'debug', '--socket', socketPath]);
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /^stuckfs: --limit: "x"[^\n]*\nUsageError: .*\n +at /s);
});
