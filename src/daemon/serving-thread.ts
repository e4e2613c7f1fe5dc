/**
 * The worker thread that serves /dev/fuse.  It blocks in poll(2) all its life, so commands of the main thread
 * wait in a port and an eventfd wakes it for them.
 */

import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { PAGE_BYTES } from '../base/page-size.js';
import { DevFuse } from '../transport/dev-fuse.js';
import { type Command, type ServingMessage, SharedState } from './commands.js';
import type { DaemonConfig } from './config.js';
import type { ServingControl } from './serving-control.js';
import { buildServingSide } from './serving-side.js';
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

const { transport, engine } = buildServingSide({
  config,
  maxBytes: data.maxBytes,
  shared: new SharedState(data.shared),
  transport: ({ faults, negotiated }) =>
    new DevFuse({
      fd: data.fuseFd,
      wakeFd: data.wakeFd,
      maxWriteBytes: config.maxPages * PAGE_BYTES,
      negotiated,
      keepsPipes: config.outlivesConnection,
      splice: data.splice && { ...data.splice, mayPin: () => faults.has('pin') },
    }),
  onInitialised: () => say({ say: 'initialised' }),
  takeCommands,
  did: (name, answer) => say({ say: 'did', name, answer }),
  log: (level, text) => say({ say: 'log', level, text }),
});

function takeCommands(control: ServingControl): void {
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
