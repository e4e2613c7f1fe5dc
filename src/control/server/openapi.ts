/**
 * The OpenAPI 3.1 document, made from the routes table.  A message that several places share is named once
 * under components; requests are described as they are sent and answers as they are given.
 */
import * as z from 'zod';
import { controlErrors, ErrorBody, wireErrorCodes } from '../contract/errors.js';
import { ControlEventSpec } from '../contract/events.js';
import { FaultList, InstalledFault } from '../contract/faults.js';
import {
  HeldAnswer,
  HeldRequest,
  PlugAnswer,
  ReleaseAnswer,
  ReleaseBody,
  UnplugAnswer,
} from '../contract/held.js';
import { PlanStatus } from '../contract/plans.js';
import { type Route, routes } from '../contract/routes.js';
import { faultableOpcodes, OpcodeSpec } from '../contract/scalars.js';
import { Status, UnmountAnswer, UnmountBody } from '../contract/status.js';

type Json = Record<string, unknown>;

const sent = { ReleaseBody, FaultBody: routes.addFault.body, PlanBody: routes.startPlan.body, UnmountBody };
const given = {
  Status,
  HeldRequest,
  HeldAnswer,
  ReleaseAnswer,
  UnplugAnswer,
  PlugAnswer,
  InstalledFault,
  FaultList,
  ClearedFaults: routes.clearFaults.response,
  PlanStatus,
  UnmountAnswer,
  Event: ControlEventSpec,
  Error: ErrorBody,
};

const refTo = (name: string) => `#/components/schemas/${name}`;

export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [operationId, route] of Object.entries(routes) as [string, Route][]) {
    for (const path of [route.path, route.alias]) {
      if (path === null) continue;
      const template = path.replaceAll(/:([a-z]+)/g, '{$1}');
      const item = paths[template] ?? {};
      paths[template] = item;
      const id = path === route.path ? operationId : `${operationId}Alias`;
      item[route.method.toLowerCase()] = operation(id, route);
    }
  }
  const codes = wireErrorCodes.map((code) => `${code} (${controlErrors[code].httpStatus})`).join(', ');
  return {
    openapi: '3.1.0',
    info: {
      title: 'stuckfs control interface',
      version,
      description: `HTTP and JSON over a unix socket of mode 0600. Error codes: ${codes}.`,
    },
    servers: [
      { url: '/', description: 'The host name means nothing: curl --unix-socket PATH http://stuckfs/' },
    ],
    paths,
    components: { schemas: { ...named(sent, 'input'), ...named(given, 'output') } },
  };
}

function operation(operationId: string, route: Route): Json {
  const parameters = [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')];
  const body = route.body;
  return {
    operationId,
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null
      ? {}
      : {
          requestBody: {
            required: !body.safeParse({}).success,
            content: { 'application/json': { schema: schemaOf(body, 'input') } },
          },
        }),
    responses: {
      [route.status]: {
        description: 'Done.',
        content: { [route.mediaType]: { schema: schemaOf(route.response, 'output') } },
      },
      default: {
        description: 'Not done; the code says why.',
        content: { 'application/json': { schema: schemaOf(ErrorBody, 'output') } },
      },
    },
  };
}

function parametersOf(schema: z.ZodObject, where: 'path' | 'query'): Json[] {
  // What is parsed from the text is described, because a parameter of OpenAPI is a value, not its spelling.
  const { properties = {}, required = [] } = inline(schema, 'output');
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property as Json;
    return {
      name,
      in: where,
      required: required.includes(name) && !('default' in rest),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const names = Object.entries(io === 'input' ? sent : given);
  const name = names.find(([, candidate]) => candidate === schema)?.[0];
  return name === undefined ? bare(inline(schema, io)) : { $ref: refTo(name) };
}

function named(schemas: Record<string, z.ZodType>, io: 'input' | 'output'): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { ...options(io), uri: refTo });
  return Object.fromEntries(Object.entries(made.schemas).map(([id, schema]) => [id, bare(schema as Json)]));
}

function inline(schema: z.ZodType, io: 'input' | 'output') {
  return z.toJSONSchema(schema, options(io));
}

function options(io: 'input' | 'output') {
  return {
    io,
    target: 'draft-2020-12' as const,
    // The only value that comes out of a function: OpcodeSpec normalises the spelling.
    unrepresentable: ({ zodSchema }: { zodSchema: z.core.$ZodType }) =>
      zodSchema === OpcodeSpec.out ? { type: 'string' as const, enum: [...faultableOpcodes] } : undefined,
  };
}

/** Within a document that names its dialect once, $schema and a relative $id would only mislead. */
function bare({ $schema: _dialect, $id: _id, ...rest }: Json): Json {
  return rest;
}
