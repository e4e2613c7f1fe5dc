/**
 * The main thread's handle on what serves; and the one on the serving thread: starts it, asks it things, hears when
 * it has ended.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { eventfd, eventfdSignal } from '../syscall/eventfd.js';
import { devFuseCapabilities } from '../transport/dev-fuse.js';
import type { Capabilities } from '../transport/transport.js';
import {
  type ServingCommandName,
  type ServingCommands,
  type ServingMessage,
  SharedState,
  sharedBytes,
} from './commands.js';
import type { DaemonConfig } from './config.js';
import { ServingError } from './serving-error.js';
import type { ServingThreadData } from './serving-thread.js';
import type { SplicePlan } from './splice-plan.js';
import { within } from './within.js';

interface Pending {
  readonly name: ServingCommandName;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface ServingOptions {
  readonly fuseFd: number;
  readonly config: DaemonConfig;
  readonly maxBytes: number;
  readonly splice: SplicePlan | undefined;
  readonly log: (level: 'warn' | 'error' | 'debug', text: string) => void;
}

/** What serves, wherever it does. */
export interface ServingHandle {
  /** Of its transport. */
  readonly capabilities: Capabilities;
  readonly shared: SharedState;
  /** Resolves when INIT has been answered. */
  readonly initialised: Promise<void>;
  /** Resolves with the reason when the connection is over. */
  readonly ended: Promise<string>;
  ask<Name extends ServingCommandName>(
    name: Name,
    ...words: Parameters<ServingCommands[Name]>
  ): Promise<ReturnType<ServingCommands[Name]>>;
  /** Has the observer told of every answer, in the order in which the commands were carried out. */
  observe(observer: (name: ServingCommandName, answer: unknown) => void): void;
  /** Whether the connection is over, and all threads that served it, within that time. */
  endsWithin(ms: number): Promise<boolean>;
  /** For one that hangs: it keeps this process alive no longer. */
  giveUp(): void;
}

export class Serving implements ServingHandle {
  readonly capabilities = devFuseCapabilities;
  readonly shared = new SharedState(new SharedArrayBuffer(sharedBytes));
  readonly initialised: Promise<void>;
  readonly ended: Promise<string>;
  private readonly worker: Worker;
  private readonly port: MessagePort;
  private readonly wakeFd: number;
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private over = false;
  private observer: (name: ServingCommandName, answer: unknown) => void = () => {};

  constructor(options: ServingOptions) {
    const channel = new MessageChannel();
    this.port = channel.port1;
    this.wakeFd = eventfd();
    if (this.wakeFd < 0) throw new ServingError(`eventfd: errno ${-this.wakeFd}`);
    const workerData: ServingThreadData = {
      fuseFd: options.fuseFd,
      wakeFd: this.wakeFd,
      shared: this.shared.buffer,
      port: channel.port2,
      config: options.config,
      maxBytes: options.maxBytes,
      splice: options.splice,
    };
    const worker = new Worker(new URL('./serving-thread.js', import.meta.url), {
      workerData,
      transferList: [channel.port2],
    });
    this.worker = worker;
    let markInitialised = () => {};
    this.initialised = new Promise((resolve) => {
      markInitialised = resolve;
    });
    this.ended = new Promise((resolve) => {
      const end = (reason: string) => {
        this.end(reason);
        resolve(reason);
      };
      this.port.on('message', (message: ServingMessage) => {
        if (message.say === 'initialised') markInitialised();
        else if (message.say === 'ended') end(message.reason);
        else if (message.say === 'did') this.observer(message.name, message.answer);
        else if (message.say === 'log') options.log(message.level, message.text);
        else this.settle(message);
      });
      worker.once('error', (error) => end(`the serving thread failed: ${error.stack ?? error.message}`));
      worker.once('exit', () => end('the serving thread has exited'));
    });
  }

  ask<Name extends ServingCommandName>(
    name: Name,
    ...words: Parameters<ServingCommands[Name]>
  ): Promise<ReturnType<ServingCommands[Name]>> {
    if (this.over) return Promise.reject(new ServingError('the connection to the kernel is over'));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { name, resolve: resolve as Pending['resolve'], reject });
      this.port.postMessage({ id, name, words });
      eventfdSignal(this.wakeFd);
    });
  }

  observe(observer: (name: ServingCommandName, answer: unknown) => void): void {
    this.observer = observer;
  }

  async endsWithin(ms: number): Promise<boolean> {
    return (await within(ms, this.ended)) !== undefined;
  }

  /** The thread is stopped where it can be. */
  giveUp(): void {
    this.end('the serving thread does not end');
    this.worker.unref();
    void this.worker.terminate();
  }

  private settle(message: Extract<ServingMessage, { say: 'answer' | 'refused' }>): void {
    const waiting = this.pending.get(message.id);
    this.pending.delete(message.id);
    if (message.say === 'answer') {
      if (waiting !== undefined) this.observer(waiting.name, message.answer);
      waiting?.resolve(message.answer);
    } else waiting?.reject(new ServingError(message.message));
  }

  private end(reason: string): void {
    this.over = true;
    for (const { reject } of this.pending.values()) reject(new ServingError(reason));
    this.pending.clear();
    this.port.close();
  }
}
