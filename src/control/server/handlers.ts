/**
 * One handler a route that is answered at once and whole: calls the daemon with the checked request.  No rule of the daemon lives here.
 */
import { ControlError } from '../contract/errors.js';
import type { CallName, RouteAnswer, RouteRequest } from '../contract/routes.js';
import type { DaemonApi } from './api.js';
import { metricsText } from './metrics.js';
import { openApiDocument } from './openapi.js';

type Handlers = {
  readonly [Name in CallName]: (api: DaemonApi, request: RouteRequest<Name>) => Promise<RouteAnswer<Name>>;
};

export const handlers: Handlers = {
  status: (api) => api.status(),
  held: (api, { query }) => api.held(query),
  release: (api, { body }) => api.release(body),
  unplug: (api) => api.unplug(),
  plug: (api) => api.plug(),
  faults: (api) => api.faults(),
  addFault: (api, { body }) => api.addFault(body),
  removeFault: async (api, { params }) => {
    const removed = await api.removeFault(params.id);
    if (removed !== undefined) return removed;
    throw new ControlError('NOT_FOUND', `there is no fault ${params.id}`, { field: 'id', value: params.id });
  },
  clearFaults: (api) => api.clearFaults(),
  plan: (api) => api.plan(),
  startPlan: (api, { body }) => api.startPlan(body),
  stopPlan: (api) => api.stopPlan(),
  unmount: (api, { body }) => api.unmount(body),
  openapi: async (api) => openApiDocument((await api.status()).stuckfs),
  metrics: async (api) => metricsText(await api.status()),
};
