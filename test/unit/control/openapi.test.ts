import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Route, routes } from '../../../src/control/contract/routes.js';
import { FaultSpec, faultableOpcodes } from '../../../src/fault/fault.js';
import { heldWrite, serveFake } from './fake-daemon.js';
import { send, sendJson } from './raw-http.js';

type Json = Record<string, unknown>;
interface Operation {
  parameters?: { name: string; in: string; required: boolean }[];
}
const table: readonly Route[] = Object.values(routes);

function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((node, key) => {
    assert.ok(typeof node === 'object' && node !== null && key in node, `${path.join(' / ')}: no ${key}`);
    return Reflect.get(node, key);
  }, value);
}

/** Every JSON Schema of the document: the named ones, and those where `schema` is a key. */
function schemasIn(document: Json): [string, Json][] {
  const found = Object.entries(at(document, 'components', 'schemas') as Record<string, Json>);
  const walk = (value: unknown, where: string) => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, child] of Object.entries(value)) {
      if (key === 'schema') found.push([`${where}/${key}`, child as Json]);
      else walk(child, `${where}/${key}`);
    }
  };
  walk(at(document, 'paths'), '#/paths');
  return found;
}

function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => (key === '$ref' ? [String(child)] : refsIn(child)));
}

/** The schema, with the document's components at hand for its references. */
function compile(document: Json, schema: unknown) {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
  ajv.addKeyword('components');
  return ajv.compile({ ...(schema as Json), components: at(document, 'components') });
}

test('every route is in the document, under its path and method, with its parameters', async (context) => {
  const document = await (await serveFake(context)).client.openapi();
  assert.equal(at(document, 'openapi'), '3.1.0');
  assert.equal(at(document, 'info', 'version'), '0.1.0');
  const ids = new Set<unknown>();
  for (const route of table) {
    for (const path of route.alias === null ? [route.path] : [route.path, route.alias]) {
      const template = path.replace(':id', '{id}');
      const operation: Operation = Object(at(document, 'paths', template, route.method.toLowerCase()));
      assert.equal(at(operation, 'summary'), route.summary);
      assert.equal(ids.has(at(operation, 'operationId')), false);
      ids.add(at(operation, 'operationId'));
      at(operation, 'responses', String(route.status), 'content', route.mediaType, 'schema');
      at(operation, 'responses', 'default', 'content', 'application/json', 'schema');
      assert.equal('requestBody' in operation, route.body !== null);
      const { parameters = [] } = operation;
      const expected = [
        ...Object.keys(route.params.shape).map((name) => `path ${name}`),
        ...Object.keys(route.query.shape).map((name) => `query ${name}`),
      ];
      assert.deepEqual(
        parameters.map((parameter) => `${parameter.in} ${parameter.name}`),
        expected,
      );
      for (const parameter of parameters) assert.equal(parameter.required, parameter.in === 'path');
    }
  }
  const operations = Object.values(at(document, 'paths') as Json).flatMap((item) =>
    Object.keys(item as Json),
  );
  assert.equal(
    operations.length,
    table.length + table.filter(({ alias }) => alias !== null).length,
    'the aliases, and nothing else besides the table',
  );
});

test('every reference leads somewhere and every schema compiles', async (context) => {
  const document = await (await serveFake(context)).client.openapi();
  const refs = refsIn(document);
  assert.ok(refs.length > 10);
  for (const ref of refs) at(document, ...ref.replace(/^#\//, '').split('/'));
  const schemas = schemasIn(document);
  assert.ok(schemas.length > 25);
  for (const [where, schema] of schemas) {
    assert.doesNotThrow(() => compile(document, schema), where);
    assert.equal('$schema' in schema || '$id' in schema, false, where);
  }
});

test('numbers of a query are described as numbers, opcodes by their names', async (context) => {
  const document = await (await serveFake(context)).client.openapi();
  const parameters = at(document, 'paths', '/v1/held', 'get', 'parameters') as {
    name: string;
    schema: Json;
  }[];
  const schema = (name: string) => parameters.find((parameter) => parameter.name === name)?.schema ?? {};
  assert.equal(at(schema('limit'), 'type'), 'integer');
  assert.equal(at(schema('limit'), 'default'), 1000);
  assert.deepEqual(at(schema('opcode'), 'enum'), faultableOpcodes);
});

test('real answers of every route keep the document', async (context) => {
  const { socketPath, daemon, client } = await serveFake(context);
  const document = await client.openapi();
  daemon.heldRequests = [
    heldWrite(0),
    { ...heldWrite(1), path: null, offset: null, size: null, faultId: null },
  ];
  const delay = {
    match: { opcodes: ['read'], range: { start: 0 } },
    action: { type: 'delay', distribution: { kind: 'fixed', ms: 5 } },
  };
  const exchanges: [string, string, unknown?][] = [
    ['GET', '/v1/status'],
    ['GET', '/v1/held'],
    ['POST', '/v1/release', { count: 1 }],
    ['POST', '/v1/faults', delay],
    ['POST', '/v1/faults', { action: { type: 'hold' } }],
    ['POST', '/v1/faults', { action: { type: 'fail', errno: 'EIO' } }],
    ['POST', '/v1/faults', { action: { type: 'short', percent: 50 } }],
    ['POST', '/v1/faults', { action: { type: 'never' } }],
    ['POST', '/v1/release', { never: true }],
    ['POST', '/v1/unplug', {}],
    ['POST', '/v1/plug', {}],
    ['GET', '/v1/faults'],
    ['DELETE', '/v1/faults/1'],
    ['DELETE', '/v1/faults'],
    ['GET', '/v1/plan'],
    ['POST', '/v1/plan', { phases: [{ name: 'a', faults: ['hold write', delay], until: { after: '1s' } }] }],
    ['DELETE', '/v1/plan'],
    ['POST', '/v1/unmount', { force: true }],
    ['GET', '/v1/openapi.json'],
  ];
  const seen = new Set<string>();
  for (const [method, path, body] of exchanges) {
    const answer =
      body === undefined
        ? await send(socketPath, { method, path })
        : await sendJson(socketPath, method, path, body);
    const operation = at(document, 'paths', path.replace('/1', '/{id}'), method.toLowerCase());
    seen.add(String(at(operation, 'operationId')));
    const validate = compile(
      document,
      at(operation, 'responses', String(answer.status), 'content', 'application/json', 'schema'),
    );
    assert.ok(validate(JSON.parse(answer.text)), `${method} ${path}: ${JSON.stringify(validate.errors)}`);
    if (body === undefined) continue;
    const validateBody = compile(
      document,
      at(operation, 'requestBody', 'content', 'application/json', 'schema'),
    );
    assert.ok(validateBody(body), `${method} ${path}: ${JSON.stringify(validateBody.errors)}`);
  }
  // The two that are no JSON; what is in the events has a test of its own.
  assert.deepEqual([...seen, 'metrics', 'events'].sort(), Object.keys(routes).sort());
});

test('every event keeps the document, and none passes for another', async (context) => {
  const document = await (await serveFake(context)).client.openapi();
  const event = compile(document, at(document, 'components', 'schemas', 'Event'));
  const fault = { id: 1, fault: { match: {}, action: { type: 'hold' } } };
  const held = { requests: 1, bytes: 4096, byOpcode: { FUSE_WRITE: 1 } };
  const data: Record<string, unknown> = {
    state: { held, faults: [fault], unplugged: false },
    held,
    released: { released: 1, bytes: 4096, remaining: 0 },
    'fault-added': fault,
    'fault-removed': { id: 1 },
    unplugged: {},
    plugged: {},
    ended: { reason: 'unmounted' },
  };
  for (const name of Object.keys(data)) {
    assert.ok(event({ id: 1, event: name, data: data[name] }), `${name}: ${JSON.stringify(event.errors)}`);
    assert.equal(event({ id: 0, event: name, data: data[name] }), false);
    const other = Object.keys(data).find((key) => key !== name && Object.keys(data[key] ?? {}).length > 0);
    assert.equal(event({ id: 1, event: name, data: data[other ?? ''] }), false, name);
  }
  assert.deepEqual(
    Object.keys(data).sort(),
    (at(document, 'components', 'schemas', 'Event', 'oneOf') as Json[])
      .map((branch) => String(at(branch, 'properties', 'event', 'const')))
      .sort(),
  );
});

test('the document refuses what the contract refuses', async (context) => {
  const document = await (await serveFake(context)).client.openapi();
  const schemas = at(document, 'components', 'schemas');
  const held = compile(document, at(schemas, 'HeldRequest'));
  assert.ok(held(heldWrite(1)));
  assert.equal(held({ ...heldWrite(1), unique: 7 }), false);
  assert.equal(held({ ...heldWrite(1), extra: 1 }), false);
  const fault = compile(document, at(schemas, 'FaultBody'));
  for (const wrong of [
    {},
    { action: { type: 'explode' } },
    { action: { type: 'hold' }, mach: {} },
    { action: { type: 'fail', errno: 'ENOTHING' } },
  ]) {
    assert.equal(fault(wrong), false);
    assert.equal(FaultSpec.safeParse(wrong).success, false);
  }
  const error = compile(document, at(schemas, 'Error'));
  assert.ok(error({ error: { code: 'CONFLICT', message: 'm', field: 'f', value: [1] } }));
  assert.equal(error({ error: { code: 'NO_DAEMON', message: 'arises at the client' } }), false);
});
