import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UsageError } from '../../../src/base/errors.js';
import { connect } from '../../../src/control/client/client.js';
import { isControlError } from './control-error.js';
import { exampleStatus, freshDirectory, heldWrite, serveFake } from './fake-daemon.js';
import { manualClock } from './manual-clock.js';

/** A server that does what it likes with each connection, and a client that points at it. */
async function against(context: TestContext, behave: (socket: Socket) => void) {
  const socketPath = join(freshDirectory(context), 's');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    behave(socket);
  }).listen(socketPath);
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return connect({ socketPath, timeoutMs: 200 });
}

const answering =
  (status: string, body: string, length = Buffer.byteLength(body)) =>
  (socket: Socket) => {
    socket.once('data', () => socket.end(`HTTP/1.1 ${status}\r\ncontent-length: ${length}\r\n\r\n${body}`));
  };

test('no socket at the path: says so, names the option and asks whether a daemon runs', async (context) => {
  const socketPath = join(freshDirectory(context), 'none');
  await assert.rejects(
    connect({ socketPath }).status(),
    isControlError('NO_DAEMON', {
      message: /no such socket; is a stuckfs daemon running/,
      field: '--socket',
      value: socketPath,
      exitStatus: 2,
    }),
  );
});

test('a plain file at the path is nobody listening', async (context) => {
  const socketPath = join(freshDirectory(context), 'file');
  writeFileSync(socketPath, '');
  await assert.rejects(
    connect({ socketPath }).status(),
    isControlError('NO_DAEMON', { message: /not a socket/ }),
  );
});

test('an empty path is a usage error before anything is sent', () => {
  assert.throws(() => connect({ socketPath: '' }), UsageError);
});

test('a server that says nothing is a timeout: what it does is unknown', async (context) => {
  const client = await against(context, () => {});
  const start = performance.now();
  await assert.rejects(
    client.status(),
    isControlError('TIMEOUT', { message: /within 200 ms/, exitStatus: 3 }),
  );
  await assert.rejects(
    client.status({ timeoutMs: 50 }),
    isControlError('TIMEOUT', { message: /within 50 ms/ }),
  );
  // Shorter than the default, which would be the one if neither of the two were heard.
  assert.ok(performance.now() - start < 10_000);
});

test('a server that stops in the middle of its answer is a timeout', async (context) => {
  const client = await against(context, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{');
  });
  await assert.rejects(client.status(), isControlError('TIMEOUT'));
});

const broken: [string, (socket: Socket) => void, RegExp][] = [
  ['closes at once', (socket) => socket.destroy(), /broke off/],
  ['closes after the request', (socket) => socket.once('data', () => socket.end()), /broke off/],
  ['closes within the answer', answering('200 OK', '{"stuckfs":', 5000), /broke off/],
  ['is not an HTTP server', (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'), /broke off/],
  ['answers what is not JSON', answering('200 OK', '<html>'), /not JSON/],
  ['answers another shape', answering('200 OK', '{"pid":"x"}'), /pid/],
  ['answers another status', answering('204 No Content', ''), /not JSON|not an error/],
  ['fails without the error body', answering('502 Bad Gateway', '{"oops":1}'), /status 502/],
  ['fails with an unknown code', answering('500 x', '{"error":{"code":"NEW","message":"m"}}'), /status 500/],
];

for (const [what, behave, message] of broken) {
  test(`a server that ${what} is a BAD_ANSWER`, async (context) => {
    const client = await against(context, behave);
    await assert.rejects(client.status(), isControlError('BAD_ANSWER', { message, exitStatus: 1 }));
  });
}

test('an answer that does not end is cut at 64 MiB', async (context) => {
  const client = await against(context, (socket) => {
    const chunk = Buffer.alloc(1 << 20, 0x20);
    const pour = () => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on('drain', pour);
    socket.write('HTTP/1.1 200 OK\r\n\r\n', pour);
  });
  await assert.rejects(
    client.status({ timeoutMs: 10_000 }),
    isControlError('BAD_ANSWER', { message: /above 67108864 bytes/ }),
  );
});

test('a field that a newer daemon adds is let through without it', async (context) => {
  const client = await against(context, answering('200 OK', JSON.stringify({ ...exampleStatus, shiny: 1 })));
  assert.deepEqual(await client.status(), exampleStatus);
});

test('what the server refuses is thrown with its code, field and value', async (context) => {
  const { client } = await serveFake(context);
  await assert.rejects(
    client.addFault({ match: { opcodes: ['init'] }, action: { type: 'hold' } }),
    isControlError('VALIDATION', {
      field: 'match.opcodes[0]',
      value: 'init',
      exitStatus: 2,
      message: /cannot be faulted/,
    }),
  );
  await assert.rejects(
    client.held({ limit: -1 }),
    isControlError('VALIDATION', { field: 'limit', value: '-1' }),
  );
});

test('waitForHeld returns once enough is held, and asks for totals only', async (context) => {
  const { socketPath, daemon } = await serveFake(context);
  const clock = manualClock((nowMs) => {
    daemon.heldRequests.push(heldWrite(nowMs));
  });
  const wanted = { requests: 3, opcode: 'FUSE_WRITE', path: '/dir/*', timeoutMs: 1000, pollMs: 10 } as const;
  const total = await connect({ socketPath, clock }).waitForHeld(wanted);
  assert.deepEqual(total, { requests: 3, bytes: 12288 });
  assert.equal(clock.nowMs(), 30);
  const query = { opcode: 'FUSE_WRITE', path: '/dir/*', limit: 0, offset: 0 };
  assert.deepEqual(daemon.calls, Array(4).fill(['held', query]));
});

test('waitForHeld does not sleep when it is so already', async (context) => {
  const { socketPath, daemon } = await serveFake(context);
  daemon.heldRequests = [heldWrite(1), heldWrite(2)];
  const clock = manualClock(() => assert.fail('slept'));
  const total = await connect({ socketPath, clock }).waitForHeld({ requests: 1, timeoutMs: 0 });
  assert.deepEqual(total, { requests: 2, bytes: 8192 });
});

test('waitForHeld gives up at the deadline and says how far it came', async (context) => {
  const { socketPath, daemon } = await serveFake(context);
  daemon.heldRequests = [heldWrite(1)];
  const clock = manualClock(() => {});
  await assert.rejects(
    connect({ socketPath, clock }).waitForHeld({ requests: 2, timeoutMs: 55, pollMs: 20 }),
    isControlError('TIMEOUT', {
      message: /waited 55 ms for 2 held requests; 1 \(4096 bytes\) were held/,
      exitStatus: 3,
      value: 1,
    }),
  );
  assert.equal(clock.nowMs(), 55);
});

test('waitForHeld ends at once when the daemon is gone', async (context) => {
  const { client, close } = await serveFake(context);
  await close();
  await assert.rejects(client.waitForHeld({ requests: 1, timeoutMs: 60_000 }), isControlError('NO_DAEMON'));
});
