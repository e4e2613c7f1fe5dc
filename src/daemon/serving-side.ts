/**
 * What serves, whatever moves the requests: store, faults, dispatch, engine and the commands of the control API.
 * Wires the rooms together; has no logic of its own.
 */
import { FaultTable } from '../fault/table.js';
import type { Negotiated } from '../protocol/request.js';
import type { Store } from '../store/store.js';
import type { Transport } from '../transport/transport.js';
import type { SharedState } from './commands.js';
import type { DaemonConfig } from './config.js';
import { Dispatch } from './dispatch.js';
import { Engine } from './engine.js';
import { openStore } from './open-store.js';
import { type Did, PlanRunner } from './plan-runner.js';
import { ServingControl } from './serving-control.js';
import type { Session } from './session.js';

export interface ServingSideOptions<T extends Transport> {
  readonly config: DaemonConfig;
  readonly maxBytes: number;
  readonly shared: SharedState;
  readonly transport: (needs: {
    readonly store: Store;
    readonly faults: FaultTable;
    readonly negotiated: () => Negotiated;
  }) => T;
  /** What INIT settled, where the transport answers it itself. */
  readonly session?: Session;
  readonly onInitialised: () => void;
  /** Takes commands that wait. */
  readonly takeCommands: (control: ServingControl) => void;
  /** What a plan does by itself. */
  readonly did: Did;
  readonly log: (level: 'warn' | 'error' | 'debug', text: string) => void;
}

export interface ServingSide<T extends Transport> {
  readonly transport: T;
  readonly engine: Engine;
  readonly control: ServingControl;
}

export function buildServingSide<T extends Transport>(options: ServingSideOptions<T>): ServingSide<T> {
  const { config, maxBytes, shared, session, onInitialised, did, log } = options;
  const store = openStore(config, { maxBytes, log });
  const faults = new FaultTable(config.seed);
  const transport = options.transport({ store, faults, negotiated: () => dispatch.negotiated });
  const { pins, replies } = transport;
  const dispatch = new Dispatch({
    store,
    replies,
    config,
    onInitialised,
    log,
    ...(session === undefined ? {} : { session }),
  });
  const takeCommands = () => options.takeCommands(control);
  const engine = new Engine({ dispatch, faults, pins, shared, takeCommands, log });
  const plans = new PlanRunner({ engine, faults, seed: config.seed, did, log });
  const control = new ServingControl({ engine, dispatch, faults, replies, plans });
  return { transport, engine, control };
}
