/** What the engine makes of the action pin; the pins themselves are the transport's. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import type { Pin, Pins } from '../../../src/transport/transport.js';
import { createArgs, Server, writeArgs } from './server.js';

class FakePins implements Pins {
  readonly max = 2;
  kept = 0;
  dropped = 0;

  pin(): Pin | number {
    if (this.kept === this.max) return -Errno.EMFILE;
    this.kept += 1;
    return {
      drop: () => {
        this.kept -= 1;
        this.dropped += 1;
      },
    };
  }
}

function setUp() {
  const pins = new FakePins();
  const server = new Server({}, undefined, pins);
  const { nodeid } = server.create('file');
  server.addFault({ action: { type: 'pin' } });
  server.replies.take();
  return { pins, server, nodeid, status: () => server.control.status() };
}
const everything = { limit: 100, offset: 0 };

describe('a WRITE that a fault pins', () => {
  it('counts as remaining, whether a command or a plan has released others', () => {
    const { server, nodeid } = setUp();
    server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'abc'));
    server.control.startPlan({ phases: [{ name: 'a', faults: [], steps: ['plug'], keep: false }] });
    assert.deepEqual(server.did, [['plug', { changed: false, released: 0, bytes: 0, remaining: 1 }]]);
    assert.equal(server.control.plug().remaining, 1);
  });

  it('is applied and answered at once, and listed as answered', () => {
    const { pins, server, nodeid, status } = setUp();
    const unique = server.receive('FUSE_WRITE', { nodeid }, writeArgs(4096, 'abc'));
    assert.deepEqual(server.replies.take(), [['write', unique, 3]]);
    assert.equal(server.read(nodeid, 4096), 'abc');
    const { held, total, pinned, byOpcode } = server.control.held(everything);
    assert.deepEqual(
      held.map((row) => [row.unique, row.opcode, row.path, row.offset, row.size, row.pinned, row.reason]),
      [[`${unique}`, 'FUSE_WRITE', '/file', 4096, 3, true, 'fault 1: pin WRITE']],
    );
    assert.deepEqual(
      [total, pinned, byOpcode],
      [{ requests: 1, bytes: 3 }, { requests: 1, bytes: 3 }, { FUSE_WRITE: 1 }],
    );
    assert.equal(pins.kept, 1);
    assert.deepEqual(status().pins, { requests: 1, bytes: 3, refused: 0 });
  });

  it('is not among those that the kernel waits for, but counts for the maximum hold', () => {
    const { server, nodeid, status } = setUp();
    server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'abc'));
    assert.ok(server.shared.oldestSinceMs > 0);
    const { requests, bytes, byOpcode, oldestMs } = status().held;
    assert.deepEqual([requests, bytes, byOpcode], [0, 0, {}]);
    assert.ok(oldestMs !== null);
  });

  it('is kept apart from one that is held', () => {
    const { server, nodeid, status } = setUp();
    server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'abc'));
    server.control.clearFaults();
    server.addFault({ match: { opcodes: ['WRITE', 'GETATTR'] }, action: { type: 'hold' } });
    const waiting = server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'defgh'));
    assert.deepEqual(status().held.byOpcode, { FUSE_WRITE: 1 });
    assert.deepEqual([status().held.bytes, status().pins.bytes], [5, 3]);
    server.replies.take();
    assert.deepEqual(server.control.release({ order: 'fifo', count: 1 }), {
      released: 1,
      bytes: 3,
      remaining: 1,
    });
    assert.deepEqual(server.replies.take(), [], 'the pin has been answered before');
    assert.deepEqual(status().pins, { requests: 0, bytes: 0, refused: 0 });
    server.control.release({ order: 'fifo' });
    assert.deepEqual(server.replies.take(), [['write', waiting, 5]]);
  });

  it('is let go once by a release, and by what ends the mount', () => {
    const { pins, server, nodeid } = setUp();
    server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'abc'));
    server.receive('FUSE_WRITE', { nodeid }, writeArgs(3, 'def'));
    server.replies.take();
    assert.deepEqual(server.control.release({ order: 'reversed', count: 1 }), {
      released: 1,
      bytes: 3,
      remaining: 1,
    });
    assert.equal(pins.dropped, 1);
    assert.deepEqual(server.control.letGoOfAll(), { released: 1, bytes: 3 });
    assert.equal(pins.dropped, 2);
    assert.deepEqual(server.replies.take(), [], 'answered once, when it came');
    assert.equal(server.shared.oldestSinceMs, 0);
  });

  it('over the limit is answered, counted, and logged the first time', () => {
    const { pins, server, nodeid, status } = setUp();
    const log = server.log.length;
    for (let nr = 0; nr < 5; nr++) server.receive('FUSE_WRITE', { nodeid }, writeArgs(nr, 'x'));
    assert.equal(server.replies.take().length, 5);
    assert.deepEqual(status().pins, { requests: 2, bytes: 2, refused: 3 });
    assert.equal(pins.kept, 2);
    assert.equal(server.log.length, log + 1);
    assert.match(server.log[log] ?? '', /^warn: .*not pinned \(EMFILE\) with 2 pinned/);
  });

  it('that failed is answered with its errno and not pinned', () => {
    const { pins, server } = setUp();
    const unique = server.receive('FUSE_WRITE', { nodeid: 999 }, writeArgs(0, 'abc'));
    const [reply] = server.replies.take();
    assert.deepEqual([reply?.[0], reply?.[1]], ['error', unique]);
    assert.equal(pins.kept, 0);
    assert.equal(server.control.held(everything).total.requests, 0);
  });

  it('is only answered where the transport cannot pin', () => {
    const server = new Server();
    const { nodeid } = server.create('file');
    server.addFault({ action: { type: 'pin' } });
    const unique = server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'abc'));
    assert.deepEqual(server.replies.take().at(-1), ['write', unique, 3]);
    assert.deepEqual(server.control.status().pins, { requests: 0, bytes: 0, refused: 1 });
  });

  it('leaves other opcodes alone', () => {
    const { pins, server } = setUp();
    assert.equal(server.ask('FUSE_CREATE', 1, createArgs('other'))[0], 'create');
    assert.equal(pins.kept, 0);
  });
});
