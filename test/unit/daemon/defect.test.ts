/** A handler that throws costs one request, not the connection. The store and the replies are stand-ins. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { SharedState, sharedBytes } from '../../../src/daemon/commands.js';
import { DaemonConfigSpec } from '../../../src/daemon/config.js';
import { Dispatch } from '../../../src/daemon/dispatch.js';
import { Engine } from '../../../src/daemon/engine.js';
import { FaultSpec } from '../../../src/fault/fault.js';
import { FaultTable } from '../../../src/fault/table.js';
import { Opcode } from '../../../src/protocol/opcode.js';
import { decodeRequest } from '../../../src/protocol/request.js';
import type { Store } from '../../../src/store/store.js';
import type { Replies } from '../../../src/transport/replies.js';

let replies: unknown[][];
let log: string[];
let faults: FaultTable;
let shared: SharedState;
let whileServing: () => void;
let isDefect: boolean;
let engine: Engine;

beforeEach(() => {
  replies = [];
  log = [];
  faults = new FaultTable(0);
  shared = new SharedState(new SharedArrayBuffer(sharedBytes));
  whileServing = () => {};
  isDefect = true;
  const tell = (text: string) => log.push(text);
  const stand = <T extends object>(call: (name: string, words: unknown[]) => unknown) =>
    new Proxy(
      {},
      {
        get:
          (_, name) =>
          (...words: unknown[]) =>
            call(String(name), words),
      },
    ) as T;
  const dispatch = new Dispatch({
    store: stand<Store>((name) => {
      whileServing();
      if (isDefect) throw new Error(`a defect in ${name}`);
    }),
    replies: stand<Replies>((name, words) => void replies.push([name, ...words])),
    config: DaemonConfigSpec.parse({ mountPoint: '/mnt' }),
    onInitialised: () => {},
    log: (_, text) => tell(text),
  });
  engine = new Engine({ dispatch, faults, shared, takeCommands: () => {}, log: (_, text) => tell(text) });
});

function receive(opcode: number, unique: bigint, ...args: bigint[]): void {
  const message = Buffer.alloc(40 + 8 * args.length);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt32LE(opcode, 4);
  message.writeBigUInt64LE(unique, 8);
  message.writeBigUInt64LE(1n, 16);
  for (const [index, arg] of args.entries()) message.writeBigUInt64LE(arg, 40 + 8 * index);
  engine.onRequest(decodeRequest(message), message);
}

describe('a handler that throws', () => {
  test('is answered EIO, and logged with the opcode', () => {
    receive(Opcode.FUSE_STATFS, 2n);
    assert.deepEqual(replies, [['error', 2n, Errno.EIO]]);
    assert.match(log.join('\n'), /FUSE_STATFS, answered EIO: Error: a defect in statfs/);
  });

  test('for a request without a reply is logged only', () => {
    receive(Opcode.FUSE_FORGET, 2n, 1n);
    assert.deepEqual(replies, []);
    assert.match(log.join('\n'), /FUSE_FORGET/);
  });

  test('for a released request does not keep the others', () => {
    faults.add(FaultSpec.parse({ match: { opcodes: ['FUSE_STATFS'] }, action: { type: 'hold' } }));
    isDefect = false;
    receive(Opcode.FUSE_STATFS, 2n);
    receive(Opcode.FUSE_STATFS, 4n);
    assert.deepEqual(replies, []);
    isDefect = true;
    assert.equal(engine.release({ order: 'fifo' }).released, 2);
    assert.deepEqual(replies, [
      ['error', 2n, Errno.EIO],
      ['error', 4n, Errno.EIO],
    ]);
  });
});

describe('what the serving thread says of itself', () => {
  test('busy from the request on, until it waits', () => {
    assert.equal(shared.busySinceMs, 0);
    const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
    // The two clocks are compared once, when the thread starts, to within a few milliseconds.
    const beforeMs = nowMs() - 100;
    let seenMs = 0;
    whileServing = () => {
      seenMs = shared.busySinceMs;
    };
    receive(Opcode.FUSE_STATFS, 2n);
    assert.ok(seenMs >= beforeMs && seenMs <= nowMs() + 100, `${beforeMs} ${seenMs} ${nowMs()}`);
    engine.onIdle();
    assert.equal(shared.busySinceMs, 0);
    engine.onWake();
    assert.ok(shared.busySinceMs >= beforeMs);
  });

  test('a thread that hangs is told as a hold of that age, a busy one is not', () => {
    assert.equal(shared.oldestHeldMs(5000), null);
    shared.busySinceMs = 4500;
    assert.equal(shared.oldestHeldMs(5000), null);
    assert.equal(shared.oldestHeldMs(7000), 2500);
    shared.oldestSinceMs = 4000;
    assert.equal(shared.oldestHeldMs(5000), 1000);
    assert.equal(shared.oldestHeldMs(7000), 3000);
    shared.busySinceMs = 0;
    assert.equal(shared.oldestHeldMs(7000), 3000);
    shared.oldestSinceMs = 0;
    assert.equal(shared.oldestHeldMs(7000), null);
  });
});
