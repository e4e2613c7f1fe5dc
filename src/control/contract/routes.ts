/**
 * The routes of the control interface as data.  The server, the client and the OpenAPI document are all made
 * from this table, so it is the only place that knows a path or which message goes where.
 */
import * as z from 'zod';
import { FaultSpec } from '../../fault/fault.js';
import { ClearedFaults, FaultList, FaultParams, InstalledFault } from './faults.js';
import { HeldAnswer, HeldQuery, PlugAnswer, ReleaseAnswer, ReleaseBody, UnplugAnswer } from './held.js';
import { PlanSpec, PlanStatus } from './plans.js';
import { Status, UnmountAnswer, UnmountBody } from './status.js';

export const bodyLimitBytes = 1024 * 1024;

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `:name` is a parameter of the path. */
  readonly path: `/v1/${string}`;
  /** A second path to the same answer, for tools that expect it there. */
  readonly alias: `/${string}` | null;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** null: a body is refused. An empty body stands for `{}`. */
  readonly body: z.ZodType | null;
  readonly status: 200 | 201;
  readonly mediaType: 'application/json' | 'text/event-stream' | 'text/plain; version=0.0.4; charset=utf-8';
  readonly response: z.ZodType;
}

const nothing = z.strictObject({});

export const routes = {
  status: {
    method: 'GET',
    path: '/v1/status',
    alias: null,
    summary: 'What this daemon is and how it is doing',
    params: nothing,
    query: nothing,
    body: null,
    status: 200,
    mediaType: 'application/json',
    response: Status,
  },
  held: {
    method: 'GET',
    path: '/v1/held',
    alias: null,
    summary: 'The requests that the kernel waits for',
    params: nothing,
    query: HeldQuery,
    body: null,
    status: 200,
    mediaType: 'application/json',
    response: HeldAnswer,
  },
  release: {
    method: 'POST',
    path: '/v1/release',
    alias: null,
    summary: 'Answer held requests: all of them, or those that match',
    params: nothing,
    query: nothing,
    body: ReleaseBody,
    status: 200,
    mediaType: 'application/json',
    response: ReleaseAnswer,
  },
  unplug: {
    method: 'POST',
    path: '/v1/unplug',
    alias: null,
    summary: 'Hold every request from now on, as if the cable were pulled',
    params: nothing,
    query: nothing,
    body: nothing,
    status: 200,
    mediaType: 'application/json',
    response: UnplugAnswer,
  },
  plug: {
    method: 'POST',
    path: '/v1/plug',
    alias: null,
    summary: 'End unplug: answer what it held, in order of arrival; what faults hold stays held',
    params: nothing,
    query: nothing,
    body: nothing,
    status: 200,
    mediaType: 'application/json',
    response: PlugAnswer,
  },
  faults: {
    method: 'GET',
    path: '/v1/faults',
    alias: null,
    summary: 'The armed faults',
    params: nothing,
    query: nothing,
    body: null,
    status: 200,
    mediaType: 'application/json',
    response: FaultList,
  },
  addFault: {
    method: 'POST',
    path: '/v1/faults',
    alias: null,
    summary: 'Arm a fault',
    params: nothing,
    query: nothing,
    body: FaultSpec,
    status: 201,
    mediaType: 'application/json',
    response: InstalledFault,
  },
  removeFault: {
    method: 'DELETE',
    path: '/v1/faults/:id',
    alias: null,
    summary: 'Remove a fault; what it holds stays held',
    params: FaultParams,
    query: nothing,
    body: null,
    status: 200,
    mediaType: 'application/json',
    response: InstalledFault,
  },
  clearFaults: {
    method: 'DELETE',
    path: '/v1/faults',
    alias: null,
    summary: 'Remove every fault; what they hold stays held',
    params: nothing,
    query: nothing,
    body: null,
    status: 200,
    mediaType: 'application/json',
    response: ClearedFaults,
  },
  plan: {
    method: 'GET',
    path: '/v1/plan',
    alias: null,
    summary: 'The fault plan that runs, or the last one, and how far it is',
    params: nothing,
    query: nothing,
    body: null,
    status: 200,
    mediaType: 'application/json',
    response: PlanStatus,
  },
  startPlan: {
    method: 'POST',
    path: '/v1/plan',
    alias: null,
    summary: 'Check a fault plan as a whole and start it; a CONFLICT while another one runs',
    params: nothing,
    query: nothing,
    body: PlanSpec,
    status: 201,
    mediaType: 'application/json',
    response: PlanStatus,
  },
  stopPlan: {
    method: 'DELETE',
    path: '/v1/plan',
    alias: null,
    summary: 'End the fault plan, remove its faults and plug what it unplugged; what they hold stays held',
    params: nothing,
    query: nothing,
    body: null,
    status: 200,
    mediaType: 'application/json',
    response: PlanStatus,
  },
  unmount: {
    method: 'POST',
    path: '/v1/unmount',
    alias: null,
    summary: 'Release everything, unmount and end the daemon',
    params: nothing,
    query: nothing,
    body: UnmountBody,
    status: 200,
    mediaType: 'application/json',
    response: UnmountAnswer,
  },
  events: {
    method: 'GET',
    path: '/v1/events',
    alias: '/events',
    summary: 'What happens, as server-sent events, from the state on',
    params: nothing,
    query: nothing,
    body: null,
    status: 200,
    mediaType: 'text/event-stream',
    response: z
      .string()
      .describe(
        'Server-sent events (id, event, data), each as the schema Event has it; the first one is `state`, the ' +
          'last one `ended`. Lines that begin with a colon say nothing.',
      ),
  },
  openapi: {
    method: 'GET',
    path: '/v1/openapi.json',
    alias: null,
    summary: 'This description',
    params: nothing,
    query: nothing,
    body: null,
    status: 200,
    mediaType: 'application/json',
    response: z.record(z.string(), z.unknown()),
  },
  metrics: {
    method: 'GET',
    path: '/v1/metrics',
    alias: '/metrics',
    summary: 'The status as Prometheus text',
    params: nothing,
    query: nothing,
    body: null,
    status: 200,
    mediaType: 'text/plain; version=0.0.4; charset=utf-8',
    response: z.string(),
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;
/** The routes that are answered at once and whole. */
export type CallName = Exclude<RouteName, 'events'>;

/** The parts of a request to this route, checked. */
export interface RouteRequest<Name extends RouteName> {
  readonly params: z.output<(typeof routes)[Name]['params']>;
  readonly query: z.output<(typeof routes)[Name]['query']>;
  readonly body: (typeof routes)[Name]['body'] extends infer Body extends z.ZodType ? z.output<Body> : null;
}

export type RouteAnswer<Name extends RouteName> = z.output<(typeof routes)[Name]['response']>;
