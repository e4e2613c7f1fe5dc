import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Unique } from '../../../src/base/branded.js';
import { Errno } from '../../../src/base/errno.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import { Opcode, type OpcodeName } from '../../../src/protocol/opcode.js';
import { bytes, cstring, u32, u64, zeros } from '../../support/bytes.js';
import { fuseMessage } from '../../support/fuse-message.js';
import { createArgs, lockArgs, readArgs, Server, writeArgs } from './server.js';

const ROOT = 1;
const initArgs = bytes(u32(7), u32(45), u32(131072), u32(0));

function withFile() {
  const server = new Server();
  const file = server.create('file');
  server.replies.take();
  return { server, ...file };
}

describe('Engine', () => {
  it('answers at once what no fault takes', () => {
    const { server, nodeid } = withFile();
    server.addFault({ match: { opcodes: ['READ'], path: '/other' }, action: { type: 'hold' } });
    const unique = server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'abc'));
    server.receive('FUSE_READ', { nodeid }, readArgs(0n, 0, 10));
    assert.deepEqual(server.replies.take(), [
      ['write', unique, 3],
      ['read', unique + 2n, 'abc'],
    ]);
    assert.equal(server.engine.withheld.totals.requests, 0);
  });

  it('keeps the ack of a WRITE back, but not its data', () => {
    const { server, nodeid } = withFile();
    server.addFault({ match: { opcodes: ['WRITE'] }, action: { type: 'hold' } });
    const unique = server.receive('FUSE_WRITE', { nodeid, pid: 0 }, writeArgs(4096, 'abc'));
    assert.deepEqual(server.replies.take(), []);
    assert.equal(server.read(nodeid, 4096), 'abc', 'applied already');
    const [held] = server.engine.withheld.select({});
    assert.equal(held?.unique, unique);
    assert.equal(held?.path, '/file');
    assert.deepEqual([held?.offset, held?.size, held?.pid, held?.nodeid], [4096, 3, 0, nodeid]);
    assert.equal(held?.deadlineMs, undefined);
    server.replies.take();
    assert.deepEqual(server.engine.release({}), { released: 1, bytes: 3 });
    assert.deepEqual(server.replies.take(), [['write', unique, 3]]);
    assert.deepEqual(server.engine.release({}), { released: 0, bytes: 0 });
    assert.deepEqual(server.replies.take(), [], 'answered once');
  });

  it('keeps the failure of a WRITE back too', () => {
    const server = new Server();
    server.addFault({ match: { opcodes: ['WRITE'] }, action: { type: 'hold' } });
    const unique = server.receive('FUSE_WRITE', { nodeid: 999 }, writeArgs(0, 'abc'));
    assert.deepEqual(server.replies.take(), []);
    assert.equal(server.engine.withheld.totals.requests, 1);
    server.engine.release({});
    assert.deepEqual(server.replies.take(), [['error', unique, Errno.ESTALE]]);
  });

  it('carries anything else out when it is released, not before, from its own copy of the message', () => {
    const { server } = withFile();
    server.addFault({ match: { opcodes: ['CREATE'] }, action: { type: 'hold' } });
    const unique = server.receive('FUSE_CREATE', { nodeid: ROOT }, createArgs('late'));
    assert.equal(server.isAbsent('late'), true, 'it is not there yet');
    server.replies.take();
    server.engine.release({});
    const [reply] = server.replies.take();
    assert.equal(reply?.[0], 'create');
    assert.equal(reply?.[1], unique);
    assert.equal(server.isAbsent('late'), false);
  });

  it('reads what is there at the release', () => {
    const { server, nodeid } = withFile();
    server.addFault({ match: { opcodes: ['READ'] }, action: { type: 'hold' } });
    const unique = server.receive('FUSE_READ', { nodeid }, readArgs(0n, 0, 10));
    server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'later'));
    server.replies.take();
    server.engine.release({});
    assert.deepEqual(server.replies.take(), [['read', unique, 'later']]);
  });

  it('answers the delayed when their time has come, at a wake', () => {
    const { server, nodeid } = withFile();
    server.addFault({
      match: { opcodes: ['WRITE'] },
      action: { type: 'delay', distribution: { kind: 'fixed', ms: 3_600_000 } },
    });
    const beforeMs = performance.now();
    const unique = server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'abc'));
    const dueMs = server.engine.nextDeadlineMs();
    assert.ok(dueMs >= beforeMs + 3_600_000 && dueMs <= performance.now() + 3_600_000);
    server.engine.onWake();
    assert.deepEqual(server.replies.take(), [], 'its time has not come');
    server.engine.withheld.releaseDue(dueMs);
    assert.deepEqual(server.replies.take(), [['write', unique, 3]]);
    assert.equal(server.engine.nextDeadlineMs(), Number.POSITIVE_INFINITY);
  });

  it('looks at the clock at a wake', () => {
    const { server, nodeid } = withFile();
    server.addFault({
      match: { opcodes: ['GETATTR'] },
      action: { type: 'delay', distribution: { kind: 'fixed', ms: 0 } },
    });
    const unique = server.receive('FUSE_GETATTR', { nodeid }, zeros(16));
    assert.deepEqual(server.replies.take(), []);
    server.engine.onWake();
    assert.deepEqual(
      server.replies.take().map(([kind, of]) => [kind, of]),
      [['attr', unique]],
    );
    assert.equal(server.shared.oldestSinceMs, 0);
  });

  it('takes commands at every wake', () => {
    const server = new Server();
    server.engine.onWake();
    server.engine.onWake();
    assert.equal(server.commandsTaken, 2);
  });

  const unstoppable: readonly (readonly [OpcodeName, Buffer])[] = [
    ['FUSE_INIT', initArgs],
    ['FUSE_DESTROY', zeros(0)],
    ['FUSE_FORGET', u64(1)],
    ['FUSE_BATCH_FORGET', bytes(u32(1), u32(0), u64(2), u64(1))],
    ['FUSE_INTERRUPT', u64(999)],
    ['FUSE_NOTIFY_REPLY', zeros(40)],
  ];
  for (const [opcode, args] of unstoppable) {
    it(`never withholds ${opcode}, whatever the faults say`, () => {
      const server = new Server();
      // The words of a user cannot name them; a table filled by other means must not wedge the connection either.
      const decide = server.faults.decide.bind(server.faults);
      server.addFault({ action: { type: 'hold' } });
      server.faults.decide = (subject) => {
        const decision = decide(subject);
        return decision.kind === 'pass' ? { kind: 'hold', faultId: 1, reason: 'test' } : decision;
      };
      server.receive(opcode, { nodeid: 2 }, args);
      assert.equal(server.engine.withheld.totals.requests, 0);
    });
  }

  it('forgets while everything is held', () => {
    const { server, nodeid, fh } = withFile();
    server.addFault({ action: { type: 'hold' } });
    server.receive('FUSE_FORGET', { nodeid }, u64(1));
    assert.equal(server.counters.nrLookups, 0);
    server.store.release(Number(fh));
  });

  it('gives up a lock that is waited for when it is interrupted, and does not lock later', () => {
    const { server, nodeid } = withFile();
    server.receive('FUSE_SETLK', { nodeid }, lockArgs(1, 1));
    server.replies.take();
    const waiting = server.receive('FUSE_SETLKW', { nodeid }, lockArgs(2, 1));
    assert.deepEqual(server.replies.take(), [], 'owner 1 has it');
    server.receive('FUSE_INTERRUPT', { nodeid }, u64(waiting));
    assert.deepEqual(server.replies.take(), [['error', waiting, Errno.EINTR]]);
    server.receive('FUSE_INTERRUPT', { nodeid }, u64(waiting));
    assert.deepEqual(server.replies.take(), [], 'once');
    server.receive('FUSE_SETLK', { nodeid }, lockArgs(1, 2));
    assert.equal(server.replies.take().length, 1, 'the unlock alone is answered');
    assert.equal(server.counters.nrLocks, 0);
  });

  it('keeps a withheld request though its caller was interrupted', () => {
    const { server, nodeid } = withFile();
    server.addFault({ match: { opcodes: ['GETATTR'] }, action: { type: 'hold' } });
    const unique = server.receive('FUSE_GETATTR', { nodeid }, zeros(16));
    server.receive('FUSE_INTERRUPT', { nodeid }, u64(unique));
    assert.deepEqual(server.replies.take(), []);
    assert.equal(server.engine.withheld.totals.requests, 1);
  });

  it('tells the main thread since when the oldest waits, on the scale of process.hrtime', () => {
    const { server, nodeid } = withFile();
    const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
    server.addFault({ match: { opcodes: ['WRITE'] }, action: { type: 'hold' } });
    assert.equal(server.shared.oldestSinceMs, 0);
    const beforeMs = nowMs();
    const first = server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'a'));
    const afterMs = nowMs();
    const sinceMs = server.shared.oldestSinceMs;
    // The two clocks are read one after the other, and a busy machine may come between.
    assert.ok(sinceMs >= beforeMs - 500 && sinceMs <= afterMs + 500, `${beforeMs} ${sinceMs} ${afterMs}`);
    server.receive('FUSE_WRITE', { nodeid }, writeArgs(1, 'b'));
    assert.equal(server.shared.oldestSinceMs, sinceMs);
    server.engine.release({ uniques: [first] });
    assert.ok(server.shared.oldestSinceMs > sinceMs);
    server.engine.release({});
    assert.equal(server.shared.oldestSinceMs, 0);
  });

  it('answers what cannot be read, where anybody waits for an answer', () => {
    const server = new Server();
    const unknown = new ProtocolError('UNKNOWN_OPCODE', 'opcode 9999', fuseMessage(9999));
    server.engine.onBadMessage(unknown, 2n as Unique);
    server.engine.onBadMessage(new ProtocolError('BAD_VALUE', 'offset'), 4n as Unique);
    server.engine.onBadMessage(new ProtocolError('TRUNCATED', 'no header'), undefined);
    assert.deepEqual(server.replies.take(), [
      ['error', 2n, Errno.ENOSYS],
      ['error', 4n, Errno.EINVAL],
    ]);
    assert.equal(server.log.length, 3);
    assert.match(server.log[0] ?? '', /9999.*ENOSYS/);
  });

  it('counts requests by the name of their opcode, withheld or not', () => {
    const { server, nodeid } = withFile();
    server.addFault({ match: { opcodes: ['GETATTR'] }, action: { type: 'hold' } });
    server.receive('FUSE_GETATTR', { nodeid }, zeros(16));
    server.receive('FUSE_GETATTR', { nodeid }, zeros(16));
    server.receive('FUSE_LOOKUP', { nodeid: ROOT }, cstring('file'));
    assert.deepEqual(server.engine.requestCounts(), { FUSE_CREATE: 1, FUSE_GETATTR: 2, FUSE_LOOKUP: 1 });
    assert.equal(server.engine.requestsByOpcode.get(Opcode.FUSE_GETATTR), 2);
  });
});
