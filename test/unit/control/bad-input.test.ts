import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../../src/base/errors.js';
import { ControlError, type WireErrorCode, wireErrorCodes } from '../../../src/control/contract/errors.js';
import { bodyLimitBytes } from '../../../src/control/contract/routes.js';
import { serveFake } from './fake-daemon.js';
import { errorOf, type RawRequest, send, sendBytes, sendJson } from './raw-http.js';

const json = { 'content-type': 'application/json' };
const post = (path: string, body: string | Buffer, headers: Record<string, string> = json): RawRequest => ({
  method: 'POST',
  path,
  body,
  headers,
});
const hold = '{"action":{"type":"hold"}}';
const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;

const refused: [string, RawRequest, WireErrorCode, string?, unknown?][] = [
  ['unknown path', { path: '/v1/nope' }, 'NOT_FOUND', 'path', '/v1/nope'],
  ['root', { path: '/' }, 'NOT_FOUND', 'path', '/'],
  ['trailing slash', { path: '/v1/status/' }, 'NOT_FOUND'],
  ['dots are not followed', { path: '/v1/x/../status' }, 'NOT_FOUND'],
  ['empty parameter', { method: 'DELETE', path: '/v1/faults/' }, 'NOT_FOUND'],
  ['wrong method', { method: 'PUT', path: '/v1/status' }, 'METHOD_NOT_ALLOWED'],
  ['wrong method on a parameter', { method: 'GET', path: '/v1/faults/1' }, 'METHOD_NOT_ALLOWED'],
  ['no such fault', { method: 'DELETE', path: '/v1/faults/9' }, 'NOT_FOUND', 'id', 9],
  ['fault id in words', { method: 'DELETE', path: '/v1/faults/one' }, 'VALIDATION', 'id', 'one'],
  ['fault id 0', { method: 'DELETE', path: '/v1/faults/0' }, 'VALIDATION', 'id'],
  ['fault id negative', { method: 'DELETE', path: '/v1/faults/-1' }, 'VALIDATION', 'id', '-1'],
  ['fault id not safe', { method: 'DELETE', path: '/v1/faults/9999999999999999' }, 'VALIDATION', 'id'],
  ['bad escape in the path', { path: '/v1/%zz' }, 'BAD_REQUEST', 'path', '%zz'],
  ['escape that is not UTF-8', { path: '/v1/%ff' }, 'BAD_REQUEST', 'path', '%ff'],
  ['bad escape in the query', { path: '/v1/held?path=%e0%a4' }, 'BAD_REQUEST', 'path', '%e0%a4'],
  ['bad escape in a key', { path: '/v1/held?%=1' }, 'BAD_REQUEST', 'query', '%'],
  ['unknown query key', { path: '/v1/held?limt=5' }, 'VALIDATION', 'limt', '5'],
  ['a query where there is none', { path: '/v1/status?x=1' }, 'VALIDATION', 'x', '1'],
  ['a key of the prototype', { path: '/v1/held?__proto__=1' }, 'VALIDATION', '__proto__'],
  ['query key twice', { path: '/v1/held?limit=1&limit=2' }, 'VALIDATION', 'limit'],
  ['limit above the most', { path: '/v1/held?limit=100001' }, 'VALIDATION', 'limit', '100001'],
  ['limit in hex', { path: '/v1/held?limit=0x10' }, 'VALIDATION', 'limit', '0x10'],
  ['limit without a value', { path: '/v1/held?limit' }, 'VALIDATION', 'limit', ''],
  ['fraction', { path: '/v1/held?offset=1.5' }, 'VALIDATION', 'offset', '1.5'],
  ['unknown opcode', { path: '/v1/held?opcode=wriet' }, 'VALIDATION', 'opcode', 'wriet'],
  ['bad glob', { path: '/v1/held?path=%5Ba' }, 'VALIDATION', 'path', '[a'],
  [
    'form encoding, as curl -d',
    post('/v1/faults', hold, { 'content-type': 'application/x-www-form-urlencoded' }),
    'UNSUPPORTED_MEDIA_TYPE',
    'content-type',
  ],
  ['no content type', post('/v1/faults', hold, {}), 'UNSUPPORTED_MEDIA_TYPE', 'content-type', ''],
  [
    'another charset',
    post('/v1/faults', hold, { 'content-type': 'application/json; charset=latin1' }),
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  [
    'compressed',
    post('/v1/faults', hold, { ...json, 'content-encoding': 'gzip' }),
    'UNSUPPORTED_MEDIA_TYPE',
    'content-encoding',
    'gzip',
  ],
  ['not JSON', post('/v1/faults', '{"action":'), 'BAD_REQUEST', 'body'],
  ['not UTF-8', post('/v1/faults', Buffer.from([0x22, 0xff, 0x22])), 'BAD_REQUEST', 'body'],
  ['JSON that is no object', post('/v1/faults', '[]'), 'VALIDATION', 'body', []],
  ['JSON null', post('/v1/release', 'null'), 'VALIDATION', 'body'],
  ['empty body where an action is needed', { method: 'POST', path: '/v1/faults' }, 'VALIDATION', 'action'],
  ['unknown field', post('/v1/release', '{"uniqes":["1"]}'), 'VALIDATION', 'uniqes', ['1']],
  [
    'unknown field below',
    post('/v1/faults', '{"action":{"type":"hold","ms":5}}'),
    'VALIDATION',
    'action.ms',
    5,
  ],
  ['__proto__ in a body', post('/v1/release', '{"__proto__":{"count":1}}'), 'VALIDATION', '__proto__'],
  [
    'unknown action',
    post('/v1/faults', '{"action":{"type":"explode"}}'),
    'VALIDATION',
    'action.type',
    'explode',
  ],
  [
    'opcode that cannot be faulted',
    post('/v1/faults', '{"match":{"opcodes":["read","init"]},"action":{"type":"hold"}}'),
    'VALIDATION',
    'match.opcodes[1]',
    'init',
  ],
  ['unique as a number', post('/v1/release', '{"uniques":[7]}'), 'VALIDATION', 'uniques[0]', 7],
  [
    'unique above 64 bits',
    post('/v1/release', '{"uniques":["18446744073709551616"]}'),
    'VALIDATION',
    'uniques[0]',
  ],
  ['unique in hex', post('/v1/release', '{"uniques":["0x10"]}'), 'VALIDATION', 'uniques[0]', '0x10'],
  ['no uniques at all', post('/v1/release', '{"uniques":[]}'), 'VALIDATION', 'uniques', []],
  ['count 0', post('/v1/release', '{"count":0}'), 'VALIDATION', 'count', 0],
  ['unknown order', post('/v1/release', '{"order":"lifo"}'), 'VALIDATION', 'order', 'lifo'],
  ['force in words', post('/v1/unmount', '{"force":"yes"}'), 'VALIDATION', 'force', 'yes'],
  [
    'a body where there is none',
    { method: 'DELETE', path: '/v1/faults', body: '{}', headers: json },
    'VALIDATION',
    'body',
    {},
  ],
  ['a body one byte too long', post('/v1/release', ' '.repeat(bodyLimitBytes + 1)), 'PAYLOAD_TOO_LARGE'],
  [
    'a chunked body that is too long',
    post('/v1/release', ' '.repeat(12 * bodyLimitBytes), { ...json, 'transfer-encoding': 'chunked' }),
    'PAYLOAD_TOO_LARGE',
  ],
  [
    'a long body that asks first',
    post('/v1/release', ' '.repeat(bodyLimitBytes + 1), { ...json, expect: '100-continue' }),
    'PAYLOAD_TOO_LARGE',
  ],
  ['a very deep body', post('/v1/release', deep), 'VALIDATION', 'a', undefined],
  [
    'headers too long',
    { path: '/v1/status', headers: { 'x-long': 'x'.repeat(20_000) } },
    'HEADERS_TOO_LARGE',
  ],
];

test('bad requests are refused with the code, the field and the value', async (context) => {
  const { socketPath, client, daemon } = await serveFake(context);
  for (const [what, request, code, field, value] of refused) {
    await context.test(what, async () => {
      const error = errorOf(await send(socketPath, request));
      assert.equal(error.code, code, error.message);
      if (field !== undefined) assert.equal(error.field, field);
      if (value !== undefined) assert.deepEqual(error.value, value);
    });
  }
  assert.deepEqual(daemon.calls, [], 'nothing of that reached the daemon');
  assert.equal((await client.status()).pid, 4242);
});

test('a body of exactly the limit is read', async (context) => {
  const { socketPath } = await serveFake(context);
  const answer = await sendJson(socketPath, 'POST', '/v1/release', `{}${' '.repeat(bodyLimitBytes - 2)}`);
  assert.equal(answer.status, 200);
});

test('a long value is cut before it comes back', async (context) => {
  const { socketPath } = await serveFake(context);
  const long = 'x'.repeat(500_000);
  const answer = await sendJson(socketPath, 'POST', '/v1/release', { order: long });
  assert.equal(errorOf(answer).field, 'order');
  assert.ok(answer.text.length < 1000);
});

test('a wrong method is told the right ones', async (context) => {
  const { socketPath } = await serveFake(context);
  const answer = await send(socketPath, { method: 'PATCH', path: '/v1/release' });
  assert.equal(answer.headers.allow, 'OPTIONS, POST');
});

test('every mistake in a body is told, the first one as the field', async (context) => {
  const { socketPath } = await serveFake(context);
  const error = errorOf(await sendJson(socketPath, 'POST', '/v1/release', { count: -1, order: 'x' }));
  assert.equal(error.field, 'count');
  assert.match(error.message, /count: .*; order: /);
});

test('what the daemon throws becomes the error of its kind', async (context) => {
  const { socketPath, daemon } = await serveFake(context);
  const unmount = () => send(socketPath, { method: 'POST', path: '/v1/unmount' });
  daemon.unmount = async () => {
    throw new ControlError('CONFLICT', 'the mount is in use', { field: 'force', value: false });
  };
  assert.deepEqual(errorOf(await unmount()), {
    code: 'CONFLICT',
    message: 'the mount is in use',
    field: 'force',
    value: false,
  });
  daemon.unmount = async () => {
    throw new ControlError('UNAVAILABLE', 'ending already');
  };
  assert.equal(errorOf(await unmount()).code, 'UNAVAILABLE');
  daemon.unmount = async () => {
    throw new UsageError('uniques[0]', 7n, 'is not held');
  };
  const usage = errorOf(await unmount());
  assert.deepEqual([usage.code, usage.field, usage.value], ['VALIDATION', 'uniques[0]', '7']);
  daemon.unmount = () => {
    throw new TypeError('thrown before the promise');
  };
  const internal = errorOf(await unmount());
  assert.equal(internal.code, 'INTERNAL');
  assert.match(internal.message, /thrown before the promise/);
});

test('an answer that cannot be written as JSON is an INTERNAL error', async (context) => {
  const { socketPath, daemon, client } = await serveFake(context);
  const { release } = daemon;
  daemon.release = async () => ({ released: 1n as unknown as number, bytes: 0, remaining: 0 });
  assert.equal(errorOf(await send(socketPath, { method: 'POST', path: '/v1/release' })).code, 'INTERNAL');
  daemon.release = release;
  assert.equal((await client.release()).released, 0);
});

test('bytes that are not HTTP get a 400 with the error body', async (context) => {
  const { socketPath, client } = await serveFake(context);
  for (const bytes of ['\0\0\0\0\r\n\r\n', 'status please\r\n\r\n', 'GET /v1/status HTTP/9.9\r\n\r\n']) {
    const answer = await sendBytes(socketPath, bytes);
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.equal(errorOf({ status: 400, text: answer.split('\r\n\r\n')[1] ?? '' }).code, 'BAD_REQUEST');
  }
  const absolute = await sendBytes(
    socketPath,
    'GET http://x/v1/status HTTP/1.1\r\nconnection: close\r\n\r\n',
  );
  assert.match(absolute, /^HTTP\/1\.1 400 /);
  assert.equal((await client.status()).pid, 4242);
});

test('a request without a Host header is served: on a unix socket it says nothing', async (context) => {
  const { socketPath } = await serveFake(context);
  const answer = await sendBytes(socketPath, 'GET /v1/status HTTP/1.1\r\nconnection: close\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

test('a client that never finishes its request is cut off with 408', { timeout: 10_000 }, async (context) => {
  const { socketPath, client } = await serveFake(context, { requestTimeoutMs: 150 });
  const body = 'POST /v1/release HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{';
  const answers = await Promise.all(['', 'GET /v1/sta', body].map((bytes) => sendBytes(socketPath, bytes)));
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 408 [\s\S]*"REQUEST_TIMEOUT"/);
  assert.equal((await client.status()).pid, 4242);
});

test('whatever is sent, the answer is a documented one and the server lives', async (context) => {
  const { socketPath, client } = await serveFake(context);
  const path = fc.oneof(
    fc.constantFrom('/v1/release', '/v1/faults', '/v1/faults/1', '/v1/unmount', '/v1/held?', '/metrics'),
    fc.webPath(),
  );
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD', 'PUT'),
    path: fc.tuple(path, fc.webQueryParameters()).map(([base, query]) => `${base || '/'}?${query}`),
    body: fc.oneof(fc.json(), fc.string(), fc.constant('{"action":{"type":"hold"}}')),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path: target, body }) => {
      const answer = await sendJson(socketPath, method, target, body);
      if (answer.status < 300 || method === 'HEAD') return answer.status < 500;
      return wireErrorCodes.includes(errorOf(answer).code) && answer.status < 500;
    }),
    { numRuns: 300, seed: 7 },
  );
  assert.equal((await client.status()).pid, 4242);
});
