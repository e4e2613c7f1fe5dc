/**
 * The worker thread that serves /dev/fuse.  It blocks in poll(2) all its life, so commands of the main thread
 * wait in a port and an eventfd wakes it for them.  Wires the rooms together; has no logic of its own.
 */

import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { PAGE_BYTES } from '../base/page-size.js';
import { FaultTable } from '../fault/table.js';
import { DevFuse } from '../transport/dev-fuse.js';
import { type Command, type ServingMessage, SharedState } from './commands.js';
import type { DaemonConfig } from './config.js';
import { Dispatch } from './dispatch.js';
import { Engine } from './engine.js';
import { openStore } from './open-store.js';
import { ServingControl } from './serving-control.js';
import type { SplicePlan } from './splice-plan.js';

export interface ServingThreadData {
  readonly fuseFd: number;
  readonly wakeFd: number;
  readonly shared: SharedArrayBuffer;
  readonly port: MessagePort;
  readonly config: DaemonConfig;
  readonly maxBytes: number;
  readonly splice: SplicePlan | undefined;
}

const data = workerData as ServingThreadData;
const { config, port } = data;
const say = (message: ServingMessage) => port.postMessage(message);
const log = (level: 'warn' | 'error' | 'debug', text: string) => say({ say: 'log', level, text });

const transport = new DevFuse({
  fd: data.fuseFd,
  wakeFd: data.wakeFd,
  maxWriteBytes: config.maxPages * PAGE_BYTES,
  negotiated: () => dispatch.negotiated,
  splice: data.splice && { ...data.splice, mayPin: () => faults.has('pin') },
});
const faults = new FaultTable(config.seed);
const dispatch = new Dispatch({
  store: openStore(config, { maxBytes: data.maxBytes, log }),
  replies: transport.replies,
  config,
  onInitialised: () => say({ say: 'initialised' }),
  log,
});
const { pins, replies } = transport;
const engine = new Engine({
  dispatch,
  faults,
  pins,
  shared: new SharedState(data.shared),
  takeCommands,
  log,
});
const control = new ServingControl({ engine, dispatch, faults, replies });

function takeCommands(): void {
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: Command } | undefined;
    if (received === undefined) return;
    const { id, name, words } = received.message;
    try {
      say({ say: 'answer', id, answer: control.run(name, words) });
    } catch (error) {
      say({ say: 'refused', id, message: (error as Error).message });
    }
  }
}

const reason = transport.serve(engine);
say({ say: 'ended', reason: typeof reason === 'string' ? reason : `errno ${reason.errno}` });
port.close();
