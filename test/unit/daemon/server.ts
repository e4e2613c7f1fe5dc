/** A daemon's serving side without a kernel: real dispatch, store, faults and engine; requests go in as bytes. */
import assert from 'node:assert/strict';
import type { NodeId } from '../../../src/base/branded.js';
import { errnoName } from '../../../src/base/errno.js';
import { SharedState, sharedBytes } from '../../../src/daemon/commands.js';
import { type DaemonConfigInput, DaemonConfigSpec } from '../../../src/daemon/config.js';
import { Dispatch } from '../../../src/daemon/dispatch.js';
import { Engine } from '../../../src/daemon/engine.js';
import { PlanRunner } from '../../../src/daemon/plan-runner.js';
import { ServingControl } from '../../../src/daemon/serving-control.js';
import { type FaultInput, FaultSpec } from '../../../src/fault/fault.js';
import { FaultTable } from '../../../src/fault/table.js';
import type { OpcodeName } from '../../../src/protocol/opcode.js';
import { decodeRequest } from '../../../src/protocol/request.js';
import { MemoryStore } from '../../../src/store/memory/memory-store.js';
import type { Pins } from '../../../src/transport/transport.js';
import { bytes, cstring, raw, u32, u64, zeros } from '../../support/bytes.js';
import { fuseMessage, type MessageHeader } from '../../support/fuse-message.js';
import { RecordingReplies, type Reply } from './recording-replies.js';

const ROOT = 1;

export class Server {
  readonly replies = new RecordingReplies();
  readonly log: string[] = [];
  readonly faults = new FaultTable(0);
  readonly shared = new SharedState(new SharedArrayBuffer(sharedBytes));
  readonly store: MemoryStore;
  readonly dispatch: Dispatch;
  readonly engine: Engine;
  readonly control: ServingControl;
  readonly plans: PlanRunner;
  /** What a plan did by itself. */
  readonly did: unknown[] = [];
  initialised = 0;
  commandsTaken = 0;
  private lastUnique = 0;

  constructor(config: Partial<DaemonConfigInput> = {}, maxBytes = 1 << 26, pins?: Pins) {
    const { dispatch, store, replies, faults } = this.parts(config, maxBytes);
    this.store = store;
    this.dispatch = dispatch;
    this.engine = new Engine({
      dispatch,
      faults,
      pins,
      shared: this.shared,
      takeCommands: () => {
        this.commandsTaken += 1;
      },
      log: (level, text) => this.log.push(`${level}: ${text}`),
    });
    this.plans = new PlanRunner({
      engine: this.engine,
      faults,
      seed: 0,
      did: (name, answer) => this.did.push([name, answer]),
      log: (level, text) => this.log.push(`${level}: ${text}`),
    });
    this.control = new ServingControl({ engine: this.engine, dispatch, faults, replies, plans: this.plans });
  }

  private parts(config: Partial<DaemonConfigInput>, maxBytes: number) {
    const checked = DaemonConfigSpec.parse({ mountPoint: '/mnt', maxInodes: 1000, ...config });
    const now = () => ({ sec: 1_000_000, nsec: 5 });
    const store = new MemoryStore({ maxBytes, maxInodes: checked.maxInodes, now });
    const dispatch = new Dispatch({
      store,
      replies: this.replies,
      config: checked,
      onInitialised: () => {
        this.initialised += 1;
      },
      log: (level, text) => this.log.push(`${level}: ${text}`),
    });
    return { store, dispatch, replies: this.replies, faults: this.faults };
  }

  /** One request to the engine, as a transport gives it. Its unique is even, and larger than the one before. */
  receive(opcode: OpcodeName, header: MessageHeader, ...args: Buffer[]): bigint {
    this.lastUnique += 2;
    const unique = BigInt(header.unique ?? this.lastUnique);
    const message = fuseMessage(opcode, { ...header, unique }, ...args);
    this.engine.onRequest(decodeRequest(message, this.dispatch.negotiated), message);
    // A transport reads the next request into the same buffer.
    message.fill(0xee);
    return unique;
  }

  /** The one reply to one request. */
  ask(opcode: OpcodeName, nodeid: number, ...args: Buffer[]): Reply {
    this.replies.take();
    const unique = this.receive(opcode, { nodeid }, ...args);
    const [reply, ...more] = this.replies.take();
    if (reply === undefined) return assert.fail(`${opcode} was not answered`);
    assert.deepEqual(more, [], `${opcode} was answered more than once`);
    assert.equal(reply[1], unique);
    return reply;
  }

  /** What `ask` answers, which must be of this kind: without its kind and unique. */
  answer<Kind extends Reply[0]>(kind: Kind, ...words: Parameters<Server['ask']>): Payload<Kind> {
    const reply = this.ask(...words);
    if (reply[0] !== kind) assert.fail(`${words[0]} was answered ${describeReply(reply)}`);
    return reply.slice(2) as Payload<Kind>;
  }

  /** The errno's name that the request is refused with. */
  refusal(...words: Parameters<Server['ask']>): string {
    const [errno] = this.answer('error', ...words);
    return errnoName(errno) ?? `${errno}`;
  }

  /** LOOKUP count, open handles and so on must end where they began. */
  get counters() {
    return this.store.counters();
  }

  create(name: string, parent = ROOT, flags = 0o2): { nodeid: NodeId; fh: bigint } {
    const [entry, open] = this.answer('create', 'FUSE_CREATE', parent, createArgs(name, flags));
    return { nodeid: entry.nodeid, fh: open.fh };
  }

  mkdir(name: string, parent = ROOT): NodeId {
    const [entry] = this.answer('entry', 'FUSE_MKDIR', parent, u32(0o755), u32(0o22), cstring(name));
    return entry.nodeid;
  }

  read(nodeid: number, offset = 0, size = 1 << 16): string {
    return this.answer('read', 'FUSE_READ', nodeid, readArgs(0n, offset, size))[0];
  }

  /** LOOKUP says that there is no such name. */
  isAbsent(name: string, parent = ROOT): boolean {
    const [kind] = this.ask('FUSE_LOOKUP', parent, cstring(name));
    return kind === 'negativeEntry' || kind === 'error';
  }

  addFault(fault: FaultInput): number {
    return this.control.addFault(FaultSpec.parse(fault)).id;
  }
}

type Payload<Kind extends Reply[0]> =
  Extract<Reply, readonly [Kind, ...unknown[]]> extends readonly [Kind, bigint, ...infer Rest] ? Rest : never;

function describeReply(reply: Reply): string {
  return reply[0] === 'error' ? `error ${errnoName(reply[2])}` : reply[0];
}

/** struct fuse_create_in and the name. */
export function createArgs(name: string, flags = 0o2, mode = 0o644): Buffer {
  return bytes(u32(flags), u32(mode), u32(0o22), u32(0), cstring(name));
}

/** struct fuse_read_in */
export function readArgs(fh: bigint, offset: number, size: number): Buffer {
  return bytes(u64(fh), u64(offset), u32(size), u32(0), u64(0), u32(0), zeros(4));
}

/** struct fuse_write_in and the data. */
export function writeArgs(offset: number, data: string | Buffer, writeFlags = 0): Buffer {
  const content = typeof data === 'string' ? raw(data) : data;
  return bytes(u64(0), u64(offset), u32(content.length), u32(writeFlags), u64(0), u32(0), zeros(4), content);
}

/** struct fuse_lk_in; `type` 0 read, 1 write, 2 unlock. */
export function lockArgs(owner: number, type: number, start = 0n, end = 2n ** 63n - 1n, flags = 0): Buffer {
  return bytes(u64(0), u64(owner), u64(start), u64(end), u32(type), u32(100 + owner), u32(flags), zeros(4));
}
