import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isControlError } from './control-error.js';
import { exampleStatus, heldWrite, serveFake } from './fake-daemon.js';
import { send, sendJson } from './raw-http.js';

test('status travels unchanged', async (context) => {
  const { client } = await serveFake(context);
  assert.deepEqual(await client.status(), exampleStatus);
});

test('held requests are listed with the filters that were asked for, and a u64 keeps all its digits', async (context) => {
  const { client, daemon } = await serveFake(context);
  daemon.heldRequests = [heldWrite(1), heldWrite(2), heldWrite(3)];
  const answer = await client.held({
    opcode: 'FUSE_WRITE',
    path: '/dir/*&=é+ ?',
    nodeid: 2,
    limit: 1,
    offset: 1,
  });
  assert.deepEqual(answer.held, [heldWrite(2)]);
  assert.equal(answer.held[0]?.unique, '18446744073709000002');
  assert.deepEqual(answer.total, { requests: 3, bytes: 12288 });
  assert.deepEqual(answer.byOpcode, { FUSE_WRITE: 3 });
  assert.deepEqual(daemon.calls, [
    ['held', { opcode: 'FUSE_WRITE', path: '/dir/*&=é+ ?', nodeid: 2, limit: 1, offset: 1 }],
  ]);
});

test('an opcode in a query may be spelled short, and limits have defaults', async (context) => {
  const { socketPath, daemon } = await serveFake(context);
  assert.equal((await send(socketPath, { path: '/v1/held?opcode=write&' })).status, 200);
  assert.deepEqual(daemon.calls, [['held', { opcode: 'FUSE_WRITE', limit: 1000, offset: 0 }]]);
});

test('release passes its filter on in normal form', async (context) => {
  const { client, daemon } = await serveFake(context);
  daemon.heldRequests = [heldWrite(1), heldWrite(2), heldWrite(3)];
  const filter = {
    opcodes: ['write'],
    path: '/dir/**',
    nodeid: 2,
    uniques: ['18446744073709551615'],
    faultId: 1,
  };
  assert.deepEqual(await client.release({ ...filter, count: 2, order: 'reversed' }), {
    released: 2,
    bytes: 8192,
    remaining: 1,
  });
  assert.deepEqual(await client.release(), { released: 1, bytes: 4096, remaining: 0 });
  assert.deepEqual(daemon.calls, [
    ['release', { ...filter, opcodes: ['FUSE_WRITE'], count: 2, order: 'reversed' }],
    ['release', { order: 'fifo' }],
  ]);
});

test('an empty body means all defaults, as curl -X POST sends it', async (context) => {
  const { socketPath, daemon } = await serveFake(context);
  assert.equal((await send(socketPath, { method: 'POST', path: '/v1/release' })).status, 200);
  assert.deepEqual(daemon.calls, [['release', { order: 'fifo' }]]);
});

test('faults are added, listed, removed by id and cleared', async (context) => {
  const { client } = await serveFake(context);
  const added = await client.addFault({ match: { opcodes: ['write', 'READ'] }, action: { type: 'hold' } });
  const normal = { match: { opcodes: ['FUSE_WRITE', 'FUSE_READ'] }, action: { type: 'hold' } };
  assert.deepEqual(added, { id: 1, fault: normal });
  const second = await client.addFault({
    action: { type: 'delay', distribution: { kind: 'uniform', minMs: 1, maxMs: 2 } },
  });
  assert.deepEqual((await client.faults()).faults, [added, second]);
  assert.deepEqual(await client.removeFault(1), added);
  assert.deepEqual((await client.faults()).faults, [second]);
  await assert.rejects(
    client.removeFault(1),
    isControlError('NOT_FOUND', { field: 'id', value: 1, exitStatus: 2 }),
  );
  assert.deepEqual(await client.clearFaults(), { removed: 1 });
  assert.deepEqual(await client.clearFaults(), { removed: 0 });
});

test('adding a fault answers 201', async (context) => {
  const { socketPath } = await serveFake(context);
  const answer = await sendJson(socketPath, 'POST', '/v1/faults', { action: { type: 'hold' } });
  assert.equal(answer.status, 201);
  assert.deepEqual(JSON.parse(answer.text), { id: 1, fault: { match: {}, action: { type: 'hold' } } });
});

test('unmount is not forced unless told', async (context) => {
  const { client, daemon } = await serveFake(context);
  assert.deepEqual(await client.unmount(), { released: 2, bytes: 8192, detached: false });
  assert.deepEqual(await client.unmount({ force: true }), { released: 2, bytes: 8192, detached: true });
  assert.deepEqual(daemon.calls, [
    ['unmount', { force: false }],
    ['unmount', { force: true }],
  ]);
});

test('HEAD is GET without the body, OPTIONS tells the methods', async (context) => {
  const { socketPath } = await serveFake(context);
  const get = await send(socketPath, { path: '/v1/status' });
  const head = await send(socketPath, { method: 'HEAD', path: '/v1/status' });
  assert.equal(head.status, 200);
  assert.equal(head.text, '');
  assert.equal(head.headers['content-length'], get.headers['content-length']);
  const options = await send(socketPath, { method: 'OPTIONS', path: '/v1/faults' });
  assert.equal(options.status, 204);
  assert.equal(options.headers.allow, 'DELETE, GET, HEAD, OPTIONS, POST');
  assert.equal(
    (await send(socketPath, { method: 'OPTIONS', path: '/v1/faults/1' })).headers.allow,
    'DELETE, OPTIONS',
  );
  assert.equal((await send(socketPath, { method: 'OPTIONS', path: '*' })).status, 204);
  assert.equal((await send(socketPath, { method: 'OPTIONS', path: '/nowhere' })).status, 404);
});

test('10,000 held requests are listed, checked and released in a second of CPU time', async (context) => {
  const { client, daemon } = await serveFake(context);
  daemon.heldRequests = Array.from({ length: 10_000 }, (_, index) => heldWrite(index));
  const before = process.cpuUsage();
  const answer = await client.held({ limit: 10_000 });
  // Of both ends, which are this process; time that others take from it on a busy machine is not in it.
  const { user, system } = process.cpuUsage(before);
  const tookMs = (user + system) / 1000;
  assert.equal(answer.held.length, 10_000);
  assert.deepEqual(answer.held[9_999], heldWrite(9_999));
  assert.ok(tookMs < 1000, `took ${tookMs} ms`);
  assert.equal((await client.release()).released, 10_000);
});
