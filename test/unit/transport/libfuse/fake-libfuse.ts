/**
 * fuse-native's binding without libfuse: operations are called as its threads would have them called, and what
 * is signalled back is kept.  Behind it stand a real store, dispatch, faults and engine.
 */
import assert from 'node:assert/strict';
import { SharedState, sharedBytes } from '../../../../src/daemon/commands.js';
import { DaemonConfigSpec } from '../../../../src/daemon/config.js';
import { Dispatch } from '../../../../src/daemon/dispatch.js';
import { Engine } from '../../../../src/daemon/engine.js';
import { withinLibfuse } from '../../../../src/daemon/libfuse-limits.js';
import { namesOf } from '../../../../src/daemon/names.js';
import { type FaultInput, FaultSpec } from '../../../../src/fault/fault.js';
import { FaultTable } from '../../../../src/fault/table.js';
import type { Request } from '../../../../src/protocol/request.js';
import { MemoryStore } from '../../../../src/store/memory/memory-store.js';
import {
  type Binding,
  type OperationName,
  operationNames,
  type Waiter,
} from '../../../../src/transport/libfuse/binding.js';
import { Libfuse } from '../../../../src/transport/libfuse/libfuse.js';
import { libfuseSession } from '../../../../src/transport/libfuse/session.js';

/** What follows the waiter in a signal: the result, and what the operation gives back. */
type Signalled = readonly [result: number, ...more: unknown[]];

export class FakeLibfuse {
  readonly signals = new Map<Waiter, Signalled>();
  readonly requests: Request[] = [];
  readonly faults = new FaultTable(0);
  readonly store: MemoryStore;
  readonly engine: Engine;
  readonly transport: Libfuse;
  readonly defects: string[] = [];
  initialised = 0;
  private readonly handlers: ReturnType<Libfuse['handlers']>;

  constructor() {
    const config = withinLibfuse(DaemonConfigSpec.parse({ mountPoint: '/mnt', transport: 'libfuse' }));
    this.store = new MemoryStore({
      maxBytes: 1 << 26,
      maxInodes: 20_000,
      now: () => ({ sec: 1_000_000, nsec: 5_000_000 }),
    });
    this.transport = new Libfuse({
      binding: this.binding(),
      names: namesOf(this.store),
      negotiated: () => dispatch.negotiated,
      onDefect: (error) => this.defects.push(String(error)),
    });
    const log = () => {};
    const dispatch = new Dispatch({
      store: this.store,
      replies: this.transport.replies,
      config,
      session: { ...libfuseSession, maxBackground: 12, congestionThreshold: 9 },
      onInitialised: () => {},
      log,
    });
    this.engine = new Engine({
      dispatch,
      faults: this.faults,
      shared: new SharedState(new SharedArrayBuffer(sharedBytes)),
      takeCommands: () => {},
      log,
    });
    this.handlers = this.transport.handlers(
      {
        onRequest: (request, message) => {
          this.requests.push(request);
          this.engine.onRequest(request, message);
        },
        onBadMessage: (error, unique) => this.engine.onBadMessage(error, unique),
        onWake: () => {},
        onIdle: () => {},
        nextDeadlineMs: () => Number.POSITIVE_INFINITY,
      },
      () => {
        this.initialised += 1;
      },
    );
  }

  private binding(): Binding {
    const numbers = operationNames.map((name, number) => [`op_${name}`, number] as const);
    const signals = operationNames.map((name) => [
      `fuse_native_signal_${name}`,
      (waiter: Waiter, ...signalled: Signalled) => {
        assert.ok(!this.signals.has(waiter), `${name} is answered twice`);
        this.signals.set(waiter, signalled);
      },
    ]);
    return { sizeof_fuse_thread_t: 8, ...Object.fromEntries([...numbers, ...signals]) } as unknown as Binding;
  }

  arm(fault: FaultInput): void {
    this.faults.add(FaultSpec.parse(fault));
  }

  /** Calls an operation; its waiter is the key of what is signalled. */
  start(name: OperationName, ...words: readonly unknown[]): Waiter {
    const waiter = Buffer.alloc(1);
    const number = operationNames.indexOf(name);
    const handler = this.handlers[number] as (...all: unknown[]) => void;
    handler(waiter, number, ...words);
    return waiter;
  }

  /** The answer of one that is answered at once. */
  call(name: OperationName, ...words: readonly unknown[]): Signalled {
    return this.signals.get(this.start(name, ...words)) ?? assert.fail(`${name} was not answered`);
  }

  /** Only the result. */
  result(name: OperationName, ...words: readonly unknown[]): number {
    return this.call(name, ...words)[0];
  }

  /** Makes a file of that content and leaves it open. */
  file(path: string, content: string): number {
    const [result, fh] = this.call('create', path, 0o100644);
    assert.equal(result, 0);
    const data = Buffer.from(content);
    assert.equal(this.result('write', path, fh, data, data.length, 0, 0), data.length);
    return fh as number;
  }
}
