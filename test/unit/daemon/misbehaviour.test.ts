/** What the engine makes of each action, and of the unplugged cable, without a kernel. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Errno } from '../../../src/base/errno.js';
import { faultableOpcodes } from '../../../src/fault/opcode-spec.js';
import { bytes, cstring, u32, u64, zeros } from '../../support/bytes.js';
import { fileCases } from '../protocol/request-cases-file.js';
import { inodeCases } from '../protocol/request-cases-inode.js';
import { createArgs, readArgs, Server, writeArgs } from './server.js';

const ROOT = 1;

function withFile(content = 'content') {
  const server = new Server();
  const file = server.create('file');
  server.receive('FUSE_WRITE', { nodeid: file.nodeid }, writeArgs(0, content));
  server.replies.take();
  return { server, ...file };
}

describe('fail', () => {
  it('answers with the errno and carries nothing out', () => {
    const { server, nodeid } = withFile();
    server.addFault({ match: { opcodes: ['WRITE', 'CREATE'] }, action: { type: 'fail', errno: 'ENOSPC' } });
    assert.equal(server.refusal('FUSE_WRITE', nodeid, writeArgs(0, 'CONTENT')), 'ENOSPC');
    assert.equal(server.refusal('FUSE_CREATE', ROOT, createArgs('new')), 'ENOSPC');
    assert.equal(server.read(nodeid), 'content');
    assert.ok(server.isAbsent('new'));
    assert.equal(server.engine.withheld.totals.requests, 0);
  });

  it('lets go of a handle all the same, as the kernel does', () => {
    const { server, nodeid, fh } = withFile();
    server.addFault({ action: { type: 'fail', errno: 'EIO' } });
    const release = bytes(u64(fh), u32(0), u32(0), u64(0));
    assert.equal(server.refusal('FUSE_RELEASE', nodeid, release), 'EIO');
    assert.equal(server.counters.nrOpen, 0);
  });
});

describe('short', () => {
  it('answers a READ with so many bytes', () => {
    const { server, nodeid } = withFile();
    server.addFault({ match: { opcodes: ['READ'] }, action: { type: 'short', bytes: 3 } });
    assert.equal(server.read(nodeid), 'con');
    assert.equal(server.read(nodeid, 5), 'nt', 'the end of the file comes first');
    assert.equal(server.read(nodeid, 0, 2), 'co');
  });

  it('applies so many bytes of a WRITE, and acks them alone', () => {
    const { server, nodeid } = withFile();
    server.addFault({ match: { opcodes: ['WRITE'] }, action: { type: 'short', percent: 50 } });
    const [written] = server.answer('write', 'FUSE_WRITE', nodeid, writeArgs(0, 'CONTENT'));
    assert.equal(written, 3);
    assert.equal(server.read(nodeid), 'CONtent');
  });

  it('of nothing is an answer too', () => {
    const { server, nodeid } = withFile();
    server.addFault({ action: { type: 'short', bytes: 0 } });
    assert.equal(server.read(nodeid), '');
    assert.deepEqual(server.answer('write', 'FUSE_WRITE', nodeid, writeArgs(0, 'CONTENT')), [0]);
  });
});

describe('delay by rate', () => {
  it('is due later for each request that is out, by its size', () => {
    const { server, nodeid } = withFile();
    const distribution = { kind: 'rate', bytesPerSecond: 1 } as const;
    server.addFault({ match: { opcodes: ['WRITE'] }, action: { type: 'delay', distribution } });
    const uniques = [100, 200].map((size) =>
      server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'x'.repeat(size))),
    );
    const [first, second] = server.engine.withheld.select({});
    assert.deepEqual([first?.unique, second?.unique], uniques);
    assert.ok(first?.deadlineMs !== undefined && second?.deadlineMs !== undefined);
    assert.equal(Math.round(first.deadlineMs - first.heldSinceMs), 100_000);
    assert.equal(Math.round(second.deadlineMs - first.deadlineMs), 200_000);
    server.engine.withheld.releaseDue(first.deadlineMs);
    assert.deepEqual(server.replies.take(), [['write', uniques[0], 100]]);
    server.engine.withheld.releaseDue(second.deadlineMs);
    assert.deepEqual(server.replies.take(), [['write', uniques[1], 200]]);
  });
});

describe('every opcode that a fault may name', () => {
  const cases = [...inodeCases, ...fileCases];
  for (const opcode of faultableOpcodes) {
    const golden = cases.find((one) => one.opcode === opcode && one.flags === undefined && !one.total_extlen);
    for (const action of ['hold', 'never', 'delay', 'unplug'] as const) {
      it(`${action} ${opcode}: not answered before, once after`, () => {
        assert.ok(golden, `no golden message of ${opcode}`);
        const server = new Server();
        if (action === 'unplug') server.engine.unplug();
        else if (action === 'delay') {
          const distribution = { kind: 'fixed', ms: 1000 } as const;
          server.addFault({ match: { opcodes: [opcode] }, action: { type: 'delay', distribution } });
        } else server.addFault({ match: { opcodes: [opcode] }, action: { type: action } });
        const unique = server.receive(opcode, { nodeid: ROOT }, golden.args);
        assert.deepEqual(server.replies.take(), []);
        const [held, ...more] = server.engine.withheld.select({});
        assert.deepEqual([held?.unique, more.length], [unique, 0]);
        assert.ok(server.shared.oldestSinceMs > 0, 'the watchdog is told');
        if (action === 'unplug') server.engine.plug();
        else if (action === 'delay') server.engine.withheld.releaseDue(server.engine.nextDeadlineMs());
        else server.engine.release({});
        const replies = server.replies.take();
        // A lock that is waited for has no answer yet.
        if (opcode !== 'FUSE_SETLKW')
          assert.deepEqual(
            replies.map((reply) => reply[1]),
            [unique],
          );
        assert.equal(server.engine.withheld.totals.requests, 0);
        assert.deepEqual(server.engine.plug(), { released: 0, bytes: 0 });
        assert.deepEqual(server.replies.take(), [], 'answered once');
      });
    }

    it(`fail ${opcode}`, () => {
      assert.ok(golden, `no golden message of ${opcode}`);
      const server = new Server();
      server.addFault({ match: { opcodes: [opcode] }, action: { type: 'fail', errno: 'EXFULL' } });
      const unique = server.receive(opcode, { nodeid: ROOT }, golden.args);
      assert.deepEqual(server.replies.take(), [['error', unique, Errno.EXFULL]]);
    });
  }
});

describe('the unplugged cable', () => {
  it('holds every request, whatever the faults say, and no fault counts it', () => {
    const { server, nodeid } = withFile();
    server.addFault({ match: { opcodes: ['GETATTR'], nth: 1 }, action: { type: 'fail', errno: 'EIO' } });
    server.engine.unplug();
    const cut = [
      server.receive('FUSE_GETATTR', { nodeid }, zeros(16)),
      server.receive('FUSE_READ', { nodeid }, readArgs(0n, 0, 3)),
      server.receive('FUSE_WRITE', { nodeid }, writeArgs(0, 'CON')),
      server.receive('FUSE_LOOKUP', { nodeid: ROOT }, cstring('none')),
    ];
    assert.deepEqual(server.replies.take(), []);
    assert.equal(server.engine.withheld.totals.requests, 4);
    assert.deepEqual(server.engine.plug(), { released: 4, bytes: 6 });
    const replies = server.replies.take();
    assert.deepEqual(
      replies.map((reply) => reply[1]),
      cut,
      'in order of arrival',
    );
    assert.equal(
      server.refusal('FUSE_GETATTR', nodeid, zeros(16)),
      'EIO',
      'it is the first that the fault sees',
    );
  });

  it('leaves alone what a fault holds, also a delay whose time comes meanwhile', () => {
    const { server, nodeid } = withFile();
    server.addFault({ match: { opcodes: ['READ'] }, action: { type: 'hold' } });
    const distribution = { kind: 'fixed', ms: 1000 } as const;
    server.addFault({ match: { opcodes: ['GETATTR'] }, action: { type: 'delay', distribution } });
    const held = server.receive('FUSE_READ', { nodeid }, readArgs(0n, 0, 3));
    const delayed = server.receive('FUSE_GETATTR', { nodeid }, zeros(16));
    server.engine.unplug();
    const cut = server.receive('FUSE_READ', { nodeid }, readArgs(0n, 0, 3));
    server.engine.withheld.releaseDue(server.engine.nextDeadlineMs());
    server.engine.plug();
    assert.deepEqual(
      server.replies.take().map((reply) => reply[1]),
      [delayed, cut],
    );
    assert.deepEqual(
      server.engine.withheld.select({}).map(({ unique }) => unique),
      [held],
    );
  });

  it('lets a release through, and holds on', () => {
    const { server, nodeid } = withFile();
    server.engine.unplug();
    const first = server.receive('FUSE_GETATTR', { nodeid }, zeros(16));
    server.engine.release({});
    assert.deepEqual(
      server.replies.take().map((reply) => reply[1]),
      [first],
    );
    server.receive('FUSE_GETATTR', { nodeid }, zeros(16));
    assert.deepEqual(server.replies.take(), []);
    assert.equal(server.engine.isUnplugged, true);
    assert.equal(server.engine.plug().released, 1);
  });

  it('lets FORGET, INTERRUPT, INIT and DESTROY pass', () => {
    const { server, nodeid, fh } = withFile();
    server.store.release(Number(fh));
    server.engine.unplug();
    server.receive('FUSE_FORGET', { nodeid }, u64(1));
    assert.equal(server.counters.nrLookups, 0);
    server.receive('FUSE_INTERRUPT', { nodeid }, u64(999));
    const unique = server.receive('FUSE_DESTROY', { nodeid: 0 }, zeros(0));
    assert.deepEqual(server.replies.take(), [['empty', unique]]);
    assert.equal(server.engine.withheld.totals.requests, 0);
  });

  it('ends with everything else when all is let go', () => {
    const { server, nodeid } = withFile();
    server.addFault({ match: { opcodes: ['READ'] }, action: { type: 'never' } });
    server.receive('FUSE_READ', { nodeid }, readArgs(0n, 0, 3));
    server.engine.unplug();
    server.receive('FUSE_READ', { nodeid }, readArgs(0n, 0, 3));
    assert.equal(server.engine.letGoOfAll().released, 2);
    assert.equal(server.engine.isUnplugged, false);
    assert.equal(server.read(nodeid), 'content');
    assert.equal(server.shared.oldestSinceMs, 0);
  });
});
