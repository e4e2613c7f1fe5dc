/**
 * The client of the control interface: a typed method for each route, made from the same table as the server.
 * An answer is checked before anybody sees it; a refusal is thrown as the ControlError that the server threw.
 */
import * as z from 'zod';
import { patient } from '../../base/patience.js';
import { ControlError, ErrorBody } from '../contract/errors.js';
import type { ControlEvent } from '../contract/events.js';
import type { ClearedFaults, FaultInput, FaultList, InstalledFault } from '../contract/faults.js';
import type {
  HeldAnswer,
  HeldQuery,
  PlugAnswer,
  ReleaseAnswer,
  ReleaseInput,
  UnplugAnswer,
} from '../contract/held.js';
import type { PlanInput, PlanStatus } from '../contract/plans.js';
import { type CallName, type Route, type RouteAnswer, routes } from '../contract/routes.js';
import type { Amount } from '../contract/scalars.js';
import { checkSocketPath } from '../contract/socket-path.js';
import type { Status, UnmountAnswer, UnmountInput } from '../contract/status.js';
import { type EventsOptions, eventStream } from './event-stream.js';
import { exchange } from './exchange.js';
import { type Clock, systemClock, type WaitForHeld, waitForHeld } from './wait-for-held.js';
import { type WaitForPlan, waitForPlan } from './wait-for-plan.js';

const defaultTimeoutMs = 10_000;

export interface ConnectOptions {
  readonly socketPath: string;
  /** For each exchange as a whole; 10 s unless told. */
  readonly timeoutMs?: number;
  /** Paces waitForHeld; the system's unless a test gives another. */
  readonly clock?: Clock;
}

export interface CallOptions {
  readonly timeoutMs?: number;
}

/** Every method throws ControlError. */
export interface ControlClient {
  status(options?: CallOptions): Promise<Status>;
  held(query?: Partial<HeldQuery>, options?: CallOptions): Promise<HeldAnswer>;
  release(filter?: ReleaseInput, options?: CallOptions): Promise<ReleaseAnswer>;
  unplug(options?: CallOptions): Promise<UnplugAnswer>;
  plug(options?: CallOptions): Promise<PlugAnswer>;
  faults(options?: CallOptions): Promise<FaultList>;
  addFault(fault: FaultInput, options?: CallOptions): Promise<InstalledFault>;
  removeFault(id: number, options?: CallOptions): Promise<InstalledFault>;
  clearFaults(options?: CallOptions): Promise<ClearedFaults>;
  plan(options?: CallOptions): Promise<PlanStatus>;
  startPlan(plan: PlanInput, options?: CallOptions): Promise<PlanStatus>;
  stopPlan(options?: CallOptions): Promise<PlanStatus>;
  unmount(order?: UnmountInput, options?: CallOptions): Promise<UnmountAnswer>;
  openapi(options?: CallOptions): Promise<Record<string, unknown>>;
  metrics(options?: CallOptions): Promise<string>;
  /**
   * What happens from now on, after the event `state`, until `ended`.  Every iteration has its own connection, which
   * `break` closes.
   */
  events(options?: EventsOptions): AsyncIterable<ControlEvent>;
  /** Resolves with what is held once it is at least so much; TIMEOUT tells how much it was. */
  waitForHeld(wanted: WaitForHeld): Promise<Amount>;
  /** Resolves with the plan once it does not run any more; TIMEOUT tells what it waits for. */
  waitForPlan(wanted: WaitForPlan): Promise<PlanStatus>;
}

interface Parts {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

/** Does no I/O yet; throws UsageError for a path that no socket can have. */
export function connect(options: ConnectOptions): ControlClient {
  const { socketPath, timeoutMs = patient(defaultTimeoutMs), clock = systemClock } = options;
  checkSocketPath(socketPath);
  const call = async <Name extends CallName>(
    name: Name,
    parts: Parts,
    callOptions: CallOptions = {},
  ): Promise<RouteAnswer<Name>> => {
    const route: Route = routes[name];
    const answer = await exchange({
      socketPath,
      method: route.method,
      target: targetOf(route, parts),
      body: route.body === null ? undefined : (parts.body ?? {}),
      timeoutMs: callOptions.timeoutMs ?? timeoutMs,
    });
    const origin = `${socketPath}: ${route.method} ${route.path}`;
    if (answer.status !== route.status) throw refusal(origin, answer.status, answer.text);
    const parsed = route.response.safeParse(
      route.mediaType === 'application/json' ? parseJson(origin, answer.text) : answer.text,
    );
    if (!parsed.success) {
      throw new ControlError('BAD_ANSWER', `${origin}: ${z.prettifyError(parsed.error)}`, {
        cause: parsed.error,
      });
    }
    return parsed.data as RouteAnswer<Name>;
  };
  const client: ControlClient = {
    status: (options) => call('status', {}, options),
    held: (query = {}, options) => call('held', { query }, options),
    release: (body, options) => call('release', { body }, options),
    unplug: (options) => call('unplug', {}, options),
    plug: (options) => call('plug', {}, options),
    faults: (options) => call('faults', {}, options),
    addFault: (body, options) => call('addFault', { body }, options),
    removeFault: (id, options) => call('removeFault', { params: { id } }, options),
    clearFaults: (options) => call('clearFaults', {}, options),
    plan: (options) => call('plan', {}, options),
    startPlan: (body, options) => call('startPlan', { body }, options),
    stopPlan: (options) => call('stopPlan', {}, options),
    unmount: (body, options) => call('unmount', { body }, options),
    openapi: (options) => call('openapi', {}, options),
    metrics: (options) => call('metrics', {}, options),
    events: ({ signal } = {}) => ({
      [Symbol.asyncIterator]: () =>
        eventStream({
          socketPath,
          timeoutMs,
          signal,
          refusal: (status, text) => refusal(`${socketPath}: GET ${routes.events.path}`, status, text),
        }),
    }),
    waitForPlan: (wanted) => waitForPlan(client, wanted, clock, timeoutMs),
    waitForHeld: (wanted) => waitForHeld(client, wanted, clock, timeoutMs),
  };
  return client;
}

function targetOf(route: Route, { params = {}, query = {} }: Parts): string {
  const path = route.path.replaceAll(/:([a-z]+)/g, (_, name: string) =>
    encodeURIComponent(String(params[name] ?? '')),
  );
  const given = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, String(value)]],
  );
  const search = new URLSearchParams(given).toString();
  return search === '' ? path : `${path}?${search}`;
}

function refusal(origin: string, status: number, text: string): ControlError {
  const parsed = ErrorBody.safeParse(parseJson(origin, text));
  if (!parsed.success) {
    return new ControlError('BAD_ANSWER', `${origin}: status ${status} with a body that is not an error`);
  }
  const { code, message, field, value } = parsed.data.error;
  return new ControlError(code, message, { field, value });
}

function parseJson(origin: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ControlError('BAD_ANSWER', `${origin}: the answer is not JSON`, { cause });
  }
}
