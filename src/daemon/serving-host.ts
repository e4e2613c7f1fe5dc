/**
 * Serves on the main thread, for a transport that is driven by the event loop: libfuse, whose operations come as
 * callbacks and block a thread of libfuse each.  The same handle as on the serving thread (serving.ts).
 */
import type { FuseMount } from '../transport/fuse-mount.js';
import { loadBinding } from '../transport/libfuse/binding.js';
import { Libfuse } from '../transport/libfuse/libfuse.js';
import { libfuseSession } from '../transport/libfuse/session.js';
import type { MountOptions } from '../transport/mount-options.js';
import type { Capabilities } from '../transport/transport.js';
import { type ServingCommandName, type ServingCommands, SharedState, sharedBytes } from './commands.js';
import type { DaemonConfig } from './config.js';
import { namesOf } from './names.js';
import type { ServingHandle } from './serving.js';
import { ServingError } from './serving-error.js';
import { buildServingSide, type ServingSide } from './serving-side.js';
import type { SplicePlan } from './splice-plan.js';
import { within } from './within.js';

export interface ServingHostOptions {
  readonly mountPoint: string;
  readonly mountOptions: MountOptions;
  readonly config: DaemonConfig;
  readonly maxBytes: number;
  /** For dev-fuse: libfuse splices nothing of ours. */
  readonly splice: SplicePlan | undefined;
  readonly log: (level: 'warn' | 'error' | 'debug', text: string) => void;
}

/** setTimeout fires at once for more. */
const LONGEST_TIMER_MS = 0x7fff_ffff;

export class ServingHost implements ServingHandle {
  readonly shared = new SharedState(new SharedArrayBuffer(sharedBytes));
  readonly capabilities: Capabilities;
  readonly initialised: Promise<void>;
  readonly ended: Promise<string>;
  readonly mount: FuseMount;
  private readonly side: ServingSide<Libfuse>;
  private observer: (name: ServingCommandName, answer: unknown) => void = () => {};
  private timer: NodeJS.Timeout | undefined;
  private timerMs = Number.POSITIVE_INFINITY;
  private over = false;

  /**
   * Mounts and begins to serve.
   * @throws {UsageError} where libfuse is not there, before anything is mounted
   */
  constructor({ mountPoint, mountOptions, config, maxBytes, log }: ServingHostOptions) {
    const binding = loadBinding();
    const { maxBackground, attrTimeoutMs, entryTimeoutMs } = config;
    let markInitialised = () => {};
    this.initialised = new Promise((resolve) => {
      markInitialised = resolve;
    });
    const onDefect = (error: unknown) =>
      log('error', `a defect, answered EIO: ${error instanceof Error ? error.stack : error}`);
    this.side = buildServingSide({
      config,
      maxBytes,
      shared: this.shared,
      transport: ({ store, negotiated }) =>
        new Libfuse({ binding, negotiated, names: namesOf(store), onDefect }),
      session: { ...libfuseSession, maxBackground, congestionThreshold: maxBackground },
      onInitialised: () => {},
      takeCommands: () => {},
      did: (name, answer) => this.observer(name, answer),
      log,
    });
    const { transport, engine } = this.side;
    this.capabilities = transport.capabilities;
    const wishes = { maxBackground, attrTimeoutMs, entryTimeoutMs };
    const handler = {
      onRequest: engine.onRequest.bind(engine),
      onBadMessage: engine.onBadMessage.bind(engine),
      onWake: engine.onWake.bind(engine),
      nextDeadlineMs: engine.nextDeadlineMs.bind(engine),
      onIdle: () => this.rest(),
    };
    this.mount = transport.mount(mountPoint, mountOptions, wishes, handler, markInitialised);
    this.ended = transport.serve().then(
      (reason) => this.end(typeof reason === 'string' ? reason : `errno ${reason.errno}`),
      (error: unknown) => this.end(`serving failed: ${error instanceof Error ? error.stack : error}`),
    );
  }

  ask<Name extends ServingCommandName>(
    name: Name,
    ...words: Parameters<ServingCommands[Name]>
  ): Promise<ReturnType<ServingCommands[Name]>> {
    if (this.over) return Promise.reject(new ServingError('the connection to the kernel is over'));
    try {
      const answer = this.side.control.run(name, words) as ReturnType<ServingCommands[Name]>;
      // Told before what a plan then does: it may have waited for just this.
      this.observer(name, answer);
      this.side.engine.conductor?.advance(performance.now());
      this.rest();
      return Promise.resolve(answer);
    } catch (error) {
      return Promise.reject(new ServingError((error as Error).message));
    }
  }

  observe(observer: (name: ServingCommandName, answer: unknown) => void): void {
    this.observer = observer;
  }

  async endsWithin(ms: number): Promise<boolean> {
    return (await within(ms, this.ended)) !== undefined;
  }

  giveUp(): void {
    this.end('libfuse does not end');
    this.side.transport.giveUp();
  }

  /** Nothing more to do now; what is delayed wants to be woken for. */
  private rest(): void {
    const { engine } = this.side;
    engine.onIdle();
    const deadlineMs = engine.nextDeadlineMs();
    if (deadlineMs === this.timerMs) return;
    clearTimeout(this.timer);
    this.timerMs = deadlineMs;
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    const ms = Math.max(0, Math.min(Math.ceil(deadlineMs - performance.now()), LONGEST_TIMER_MS));
    this.timer = setTimeout(() => {
      this.timerMs = Number.POSITIVE_INFINITY;
      engine.onWake();
      this.rest();
    }, ms);
  }

  private end(reason: string): string {
    this.over = true;
    clearTimeout(this.timer);
    return reason;
  }
}
