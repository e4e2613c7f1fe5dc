/** Server-sent events over a real unix socket: the daemon is the fake one, whose hub tells what a test has it tell. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from '../../../src/control/client/client.js';
import type { ControlEvent, Happening } from '../../../src/control/contract/events.js';
import { maxListeners, unreadLimitBytes } from '../../../src/control/server/event-streams.js';
import { eventually } from '../../support/eventually.js';
import { isControlError } from './control-error.js';
import { type FakeDaemon, freshDirectory, serveFake } from './fake-daemon.js';
import { errorOf, send } from './raw-http.js';

const held = (requests: number): Happening => ({
  event: 'held',
  data: { requests, bytes: requests * 4096, byOpcode: requests === 0 ? {} : { FUSE_WRITE: requests } },
});
const ended: Happening = { event: 'ended', data: { reason: 'unmounted' } };

const deadlineMs = 20_000;

/** A listener that has got its state; `rest` are all events up to the end. */
async function listen(events: AsyncIterable<ControlEvent>) {
  const iterator = events[Symbol.asyncIterator]();
  const first = await iterator.next();
  assert.ok(!first.done);
  const rest = async () => {
    const all: ControlEvent[] = [];
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) all.push(next.value);
    return all;
  };
  return { state: first.value, iterator, rest };
}

/** Asks for events and reads nothing by itself. */
async function rawListener(context: TestContext, socketPath: string): Promise<Socket> {
  const socket = connectSocket(socketPath);
  context.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write('GET /events HTTP/1.1\r\n\r\n');
  return socket;
}

/** Has it told whenever somebody ceases to listen. */
function stopping(daemon: FakeDaemon, stopped: () => void): void {
  const { listen: really } = daemon;
  daemon.listen = async (listener) => {
    const { state, stop } = await really(listener);
    return {
      state,
      stop: () => {
        stopped();
        stop();
      },
    };
  };
}

test('the state comes first, then what happens, in order and with growing numbers, until the end', async (context) => {
  const { client, daemon } = await serveFake(context);
  const { state, rest } = await listen(client.events());
  assert.deepEqual(state, {
    id: 1,
    event: 'state',
    data: { held: { requests: 2, bytes: 8192, byOpcode: { FUSE_WRITE: 2 } }, faults: [], unplugged: false },
  });
  const fault = { match: { path: '/a\n\nb: é' }, action: { type: 'hold' } } as const;
  const told: Happening[] = [
    { event: 'fault-added', data: { id: 1, fault } },
    held(64),
    { event: 'released', data: { released: 64, bytes: 262144, remaining: 0 } },
    { event: 'fault-removed', data: { id: 1 } },
    { event: 'unplugged', data: {} },
    { event: 'plugged', data: {} },
    ended,
  ];
  for (const happening of told) daemon.hub.publish(happening);
  const events = await rest();
  assert.deepEqual(
    events.map(({ event, data }) => ({ event, data })),
    told,
  );
  assert.deepEqual(
    events.map(({ id }) => id),
    told.map((_, index) => index + 2),
  );
});

test('what happens before the state is on its way comes after it', async (context) => {
  const { client, daemon } = await serveFake(context);
  const { listen: really } = daemon;
  daemon.listen = async (listener) => {
    const listening = await really(listener);
    daemon.hub.publish(held(3));
    return listening;
  };
  const { state, rest } = await listen(client.events());
  daemon.hub.publish(ended);
  assert.equal(state.event, 'state');
  assert.deepEqual(
    (await rest()).map(({ id, event }) => `${id} ${event}`),
    ['2 held', '3 ended'],
  );
});

test('both paths answer, HEAD does not listen, a body and other methods are refused', async (context) => {
  const { socketPath, daemon } = await serveFake(context);
  daemon.hub.publish(held(1));
  const { listen: really } = daemon;
  let listeners = 0;
  daemon.listen = async (listener) => {
    listeners += 1;
    const listening = await really(listener);
    setImmediate(() => listener(daemon.hub.numbered(ended)));
    return listening;
  };
  const head = await send(socketPath, { method: 'HEAD', path: '/v1/events' });
  assert.deepEqual([head.status, head.headers['content-type'], listeners], [200, 'text/event-stream', 0]);
  assert.equal(
    errorOf(await send(socketPath, { method: 'POST', path: '/events' })).code,
    'METHOD_NOT_ALLOWED',
  );
  assert.equal(errorOf(await send(socketPath, { path: '/v1/events?from=1' })).field, 'from');
  for (const path of ['/events', '/v1/events']) {
    const socket = connectSocket(socketPath);
    context.after(() => socket.destroy());
    socket.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    await eventually('the event ended', deadlineMs, () => text.includes('event: ended'));
    assert.match(text, /content-type: text\/event-stream\r\n/);
    assert.match(text, /\nid: \d+\nevent: state\ndata: \{"held":.*\}\n\n/);
  }
});

test('a listener that leaves is forgotten, and costs nothing any more', async (context) => {
  const { client, daemon } = await serveFake(context);
  let left = 0;
  stopping(daemon, () => {
    left += 1;
  });
  for await (const { event } of client.events()) if (event === 'state') break;
  await eventually('the first one has left', deadlineMs, () => left === 1);
  const abort = new AbortController();
  const { iterator } = await listen(client.events({ signal: abort.signal }));
  const next = iterator.next();
  abort.abort(new Error('enough'));
  await assert.rejects(next, /enough/);
  await eventually('the second one has left', deadlineMs, () => left === 2);
  await assert.rejects(client.events({ signal: AbortSignal.abort() })[Symbol.asyncIterator]().next(), {
    name: 'AbortError',
  });
});

test('a listener that does not read is dropped, and the others hear everything', async (context) => {
  const { client, daemon, socketPath } = await serveFake(context);
  const { rest } = await listen(client.events());
  const heard = rest();
  let stopped = 0;
  stopping(daemon, () => {
    stopped += 1;
  });
  const slow = await rawListener(context, socketPath);
  slow.pause();
  const path = `/${'x'.repeat(4000)}`;
  let published = 0;
  await eventually('the slow one is dropped', deadlineMs, () => {
    for (let times = 0; times < 20; times++) {
      published += 1;
      daemon.hub.publish({
        event: 'fault-added',
        data: { id: published, fault: { match: { path }, action: { type: 'hold' } } },
      });
    }
    return stopped > 0;
  });
  assert.ok(published * path.length > unreadLimitBytes);
  daemon.hub.publish(ended);
  assert.equal((await heard).length, published + 1);
});

test('only so many may listen at once; one that leaves makes room', async (context) => {
  const { client, socketPath } = await serveFake(context);
  const listeners = await Promise.all(Array.from({ length: maxListeners }, () => listen(client.events())));
  const refused = { message: /64 clients listen/ };
  await assert.rejects(listen(client.events()), isControlError('UNAVAILABLE', refused));
  assert.equal((await send(socketPath, { path: '/v1/status' })).status, 200);
  await listeners[0]?.iterator.return?.();
  await eventually('there is room', deadlineMs, () =>
    listen(client.events()).then(
      () => true,
      () => false,
    ),
  );
});

test('a stream without events shows that it lives', async (context) => {
  const { socketPath } = await serveFake(context, { keepAliveMs: 20 });
  const socket = await rawListener(context, socketPath);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  await eventually('three comments', deadlineMs, () => text.split('\n:\n').length > 3);
});

test('closing ends every stream at once, and an end without `ended` is told', async (context) => {
  const { client, close, daemon } = await serveFake(context);
  const broken = await listen(client.events());
  await Promise.all([
    assert.rejects(broken.rest(), isControlError('BAD_ANSWER', { message: /broke off/ })),
    close(),
  ]);
  daemon.hub.publish(held(1));
  await assert.rejects(listen(client.events()), isControlError('NO_DAEMON'));
});

test('a daemon that cannot say its state answers with the error, and no stream', async (context) => {
  const { client, daemon } = await serveFake(context);
  daemon.listen = () => Promise.reject(new RangeError('no state'));
  await assert.rejects(listen(client.events()), isControlError('INTERNAL', { message: /no state/ }));
});

/** A server that answers with these bytes, one at a time. */
async function answering(context: TestContext, bytes: string) {
  const socketPath = join(freshDirectory(context), 's');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.setNoDelay(true);
      for (const byte of Buffer.from(bytes)) socket.write(Buffer.from([byte]));
      socket.end();
    });
  }).listen(socketPath);
  context.after(() => server.close());
  await once(server, 'listening');
  return connect({ socketPath });
}

const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n';

test('comments and events of a later version are skipped, and bytes may come one by one', async (context) => {
  const client = await answering(
    context,
    `${streamHead}: hello\n\nid: 7\nevent: later\ndata: {"a":1}\n\nid: 8\nevent: ended\ndata: {"reason":"é…"}\n\n`,
  );
  const events: ControlEvent[] = [];
  for await (const event of client.events()) events.push(event);
  assert.deepEqual(events, [{ id: 8, event: 'ended', data: { reason: 'é…' } }]);
});

test('an event that does not keep the contract is told', async (context) => {
  for (const bad of [
    'id: 1\nevent: held\ndata: {"requests":-1}\n\n',
    'id: 1\nevent: held\ndata: {\n\n',
    'event: ended\ndata: {"reason":"no number"}\n\n',
  ]) {
    const client = await answering(context, streamHead + bad);
    await assert.rejects(
      listen(client.events()),
      isControlError('BAD_ANSWER', { message: /event (held|ended)/ }),
    );
  }
});
