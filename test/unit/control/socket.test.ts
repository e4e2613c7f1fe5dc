import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect as connectSocket, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { UsageError } from '../../../src/base/errors.js';
import { connect } from '../../../src/control/client/client.js';
import { startControlServer } from '../../../src/control/server/server.js';
import { tryFlock } from '../../../src/syscall/flock.js';
import { command, requires } from '../../support/requirement.js';
import { isControlError } from './control-error.js';
import { fakeDaemon, freshDirectory, serveFake, silentLog } from './fake-daemon.js';

const refusedWith = (remedy: RegExp, value: string) => (error: unknown) => {
  assert.ok(error instanceof UsageError, String(error));
  assert.equal(error.field, '--socket');
  assert.equal(error.value, value);
  assert.match(error.remedy, remedy);
  return true;
};

async function start(context: TestContext, socketPath: string) {
  const server = await startControlServer({ socketPath, api: fakeDaemon(), log: silentLog });
  context.after(() => server.close());
  return server;
}

/** A socket file whose listener was killed, as a crashed daemon leaves it. */
async function deadSocket(socketPath: string): Promise<void> {
  const script = 'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, 9))';
  await once(spawn(process.execPath, ['-e', script, socketPath]), 'exit');
  assert.ok(lstatSync(socketPath).isSocket());
}

test('the socket has mode 0600 from the start, and the umask is as it was', async (context) => {
  const socketPath = join(freshDirectory(context), 's');
  const before = process.umask(0);
  context.after(() => process.umask(before));
  const listening = start(context, socketPath);
  while (!existsSync(socketPath))
    await new Promise((resolve) => process.nextTick(resolve)).then(() => new Promise(setImmediate));
  assert.equal(lstatSync(socketPath).mode & 0o777, 0o600);
  assert.equal(process.umask(), 0);
  await listening;
  assert.equal(lstatSync(socketPath).mode & 0o777, 0o600);
});

test('the umask is restored when listening fails too', async (context) => {
  const directory = freshDirectory(context);
  const before = process.umask(0o022);
  context.after(() => process.umask(before));
  await assert.rejects(start(context, join(directory, 'missing/s')), UsageError);
  assert.equal(process.umask(), 0o022);
});

test('closing removes the socket, may be repeated, and a new server can take the path', async (context) => {
  const socketPath = join(freshDirectory(context), 's');
  const first = await start(context, socketPath);
  await Promise.all([first.close(), first.close()]);
  assert.equal(existsSync(socketPath), false);
  await start(context, socketPath);
  assert.equal((await connect({ socketPath }).status()).pid, 4242);
});

test('a dead socket is replaced', async (context) => {
  const socketPath = join(freshDirectory(context), 's');
  await deadSocket(socketPath);
  await assert.rejects(
    connect({ socketPath }).status(),
    isControlError('NO_DAEMON', { message: /nobody listens/ }),
  );
  await start(context, socketPath);
  assert.equal((await connect({ socketPath }).status()).pid, 4242);
});

test('a path where a server answers is in use, and that server goes on', async (context) => {
  const { socketPath, client } = await serveFake(context);
  await assert.rejects(start(context, socketPath), refusedWith(/in use/, socketPath));
  assert.equal((await client.status()).pid, 4242);
});

test('a server that accepts nothing is alive all the same', async (context) => {
  const socketPath = join(freshDirectory(context), 's');
  const mute = createServer().listen(socketPath);
  context.after(() => mute.close());
  await once(mute, 'listening');
  await assert.rejects(start(context, socketPath), refusedWith(/in use/, socketPath));
});

for (const [daemons, rounds] of [
  ['two', 1],
  ['ten', 5],
] as const) {
  test(`of ${daemons} daemons that start at once on a dead socket one serves and the rest are refused`, async (context) => {
    const socketPath = join(freshDirectory(context), 's');
    const starts = daemons === 'two' ? 2 : 10;
    for (let round = 0; round < rounds; round++) {
      await deadSocket(socketPath);
      const results = await Promise.allSettled(
        Array.from({ length: starts }, () => start(context, socketPath)),
      );
      const serving = results.filter((result) => result.status === 'fulfilled');
      assert.equal(serving.length, 1);
      for (const result of results)
        if (result.status === 'rejected') refusedWith(/in use/, socketPath)(result.reason);
      assert.equal((await connect({ socketPath }).status()).pid, 4242);
      await serving[0]?.value.close();
    }
  });
}

test('a daemon waits while another one clears a path of the directory, and locks nothing afterwards', async (context) => {
  const directory = freshDirectory(context);
  const socketPath = join(directory, 's');
  const locker = openSync(directory, 'r');
  assert.equal(tryFlock(locker), 0);
  const starting = start(context, socketPath);
  // The first try comes within these; it must not have made the socket.
  await setTimeout(50);
  assert.equal(existsSync(socketPath), false);
  closeSync(locker);
  await starting;
  const again = openSync(directory, 'r');
  context.after(() => closeSync(again));
  assert.equal(tryFlock(again), 0);
  assert.deepEqual(readdirSync(directory), ['s']);
});

test('what is not a socket is left alone', async (context) => {
  const directory = freshDirectory(context);
  const file = join(directory, 'file');
  writeFileSync(file, 'precious');
  await assert.rejects(start(context, file), refusedWith(/not a socket/, file));
  assert.equal(readFileSync(file, 'utf8'), 'precious');
  mkdirSync(join(directory, 'd'));
  await assert.rejects(
    start(context, join(directory, 'd')),
    refusedWith(/not a socket/, join(directory, 'd')),
  );
  const link = join(directory, 'link');
  symlinkSync(join(directory, 'elsewhere'), link);
  await assert.rejects(start(context, link), refusedWith(/not a socket/, link));
});

test('a path of 107 bytes works, one of 108 does not, counted in bytes', async (context) => {
  const directory = `${freshDirectory(context)}/`;
  const longest = directory.padEnd(107, 'x');
  await start(context, longest);
  assert.equal((await connect({ socketPath: longest }).status()).pid, 4242);
  for (const path of [`${longest}x`, directory + 'é'.repeat((108 - directory.length) / 2 + 1)]) {
    await assert.rejects(start(context, path), refusedWith(/at most 107 bytes/, path));
    assert.throws(() => connect({ socketPath: path }), refusedWith(/at most 107 bytes/, path));
  }
});

test('paths that cannot be are refused with what is wrong', async (context) => {
  const directory = freshDirectory(context);
  writeFileSync(join(directory, 'file'), '');
  const wrong: [string, RegExp][] = [
    ['', /give the path/],
    ['\0abstract', /NUL/],
    [join(directory, 'missing/s'), /directory does not exist/],
    [join(directory, 'file/s'), /ENOTDIR/],
    ['/proc/s', /cannot be made here|does not exist/],
  ];
  for (const [path, remedy] of wrong) await assert.rejects(start(context, path), refusedWith(remedy, path));
});

test('closing lets a running answer out', async (context) => {
  const { daemon, client, close, socketPath } = await serveFake(context);
  let closed: Promise<void> | undefined;
  const { unmount } = daemon;
  daemon.unmount = async (order) => {
    closed = close();
    await setTimeout(50);
    return unmount(order);
  };
  assert.equal((await client.unmount()).released, 2);
  await closed;
  assert.equal(existsSync(socketPath), false);
});

// Those clients may hang for the idle timeout, which is longer than this test's.
test('closing does not wait for clients that hang', { timeout: 60_000 }, async (context) => {
  const { daemon, client, close, socketPath } = await serveFake(context);
  daemon.status = () => new Promise(() => {});
  const silent = connectSocket(socketPath);
  const half = connectSocket(socketPath, () => half.write('GET /v1/st'));
  for (const socket of [silent, half]) socket.on('error', () => {});
  const hanging = assert.rejects(client.status(), isControlError('BAD_ANSWER', { message: /broke off/ }));
  await Promise.all([once(silent, 'connect'), once(half, 'connect')]);
  // Not once(): it rejects on ECONNRESET, which is how a client is told when bytes were left unread.
  const gone = Promise.all(
    [silent, half].map((socket) => new Promise((resolve) => socket.on('close', resolve))),
  );
  await Promise.all([close(), hanging]);
  await gone;
});

test('a client that goes away before its answer does no harm', async (context) => {
  const { daemon, client, socketPath } = await serveFake(context);
  const { status } = daemon;
  const left: Promise<unknown>[] = [];
  daemon.status = async () => {
    await Promise.all(left);
    return status();
  };
  const leaver = connectSocket(socketPath);
  left.push(once(leaver, 'close'));
  leaver.write('GET /v1/status HTTP/1.1\r\n\r\n', () => leaver.destroy());
  await Promise.all(left);
  assert.equal((await client.status()).pid, 4242);
});

test('a client that sends a body and leaves in the middle does no harm', async (context) => {
  const { client, socketPath, daemon } = await serveFake(context);
  const leaver = connectSocket(socketPath);
  leaver.write('POST /v1/release HTTP/1.1\r\ncontent-length: 10\r\n\r\n{', () => leaver.destroy());
  await once(leaver, 'close');
  assert.equal((await client.status()).pid, 4242);
  assert.deepEqual(daemon.calls, []);
});

test('another user is told that permission is denied', {
  skip: process.getuid?.() !== 0,
}, async (context) => {
  const { socketPath } = await serveFake(context);
  chmodSync(join(socketPath, '..'), 0o755);
  const module = new URL('../../../src/control/client/client.js', import.meta.url).href;
  const script = `const { connect } = await import(${JSON.stringify(module)});
    process.setgid(65534); process.setuid(65534);
    await connect({ socketPath: ${JSON.stringify(socketPath)} }).status().catch((error) => console.log(error.code));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(stdout.trim(), 'ACCESS_DENIED');
});

test('curl alone is enough', requires(command('curl', 'curl')), async (context) => {
  const { socketPath } = await serveFake(context);
  const curl = promisify(execFile);
  const url = 'http://stuckfs/v1';
  const status = await curl('curl', ['-sS', '--unix-socket', socketPath, `${url}/status`]);
  assert.equal(JSON.parse(status.stdout).pid, 4242);
  const fault = '{"action":{"type":"hold"}}';
  const added = await curl('curl', ['-sS', '--unix-socket', socketPath, '--json', fault, `${url}/faults`]);
  assert.equal(JSON.parse(added.stdout).id, 1);
});
