/** The control API of a daemon that is not there yet: the socket is taken before anything is mounted. */
import { ControlError } from '../control/contract/errors.js';
import type { DaemonApi } from '../control/server/api.js';

/** Every call is UNAVAILABLE until `daemon` answers one. */
export function lateApi(daemon: () => DaemonApi | undefined): DaemonApi {
  const it = (): DaemonApi => {
    const there = daemon();
    if (there === undefined) throw new ControlError('UNAVAILABLE', 'the daemon is starting; try again');
    return there;
  };
  return {
    status: async () => it().status(),
    held: async (query) => it().held(query),
    release: async (order) => it().release(order),
    unplug: async () => it().unplug(),
    plug: async () => it().plug(),
    faults: async () => it().faults(),
    addFault: async (fault) => it().addFault(fault),
    removeFault: async (id) => it().removeFault(id),
    clearFaults: async () => it().clearFaults(),
    listen: async (listener) => it().listen(listener),
    plan: async () => it().plan(),
    startPlan: async (plan) => it().startPlan(plan),
    stopPlan: async () => it().stopPlan(),
    unmount: async (order) => it().unmount(order),
  };
}
