import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeldAnswer, HeldQuery, ReleaseBody } from '../../../src/control/contract/held.js';
import { Status } from '../../../src/control/contract/status.js';
import { zeros } from '../../support/bytes.js';
import { readArgs, Server, writeArgs } from './server.js';

/** Two files; of the first 3 WRITEs of 1, 2 and 3 bytes are held, of the second a READ of 4096. */
function withHeld() {
  const server = new Server();
  const first = server.create('first').nodeid;
  const second = server.create('second').nodeid;
  const writes = server.addFault({ match: { opcodes: ['WRITE'] }, action: { type: 'hold' } });
  const reads = server.addFault({ match: { opcodes: ['READ'] }, action: { type: 'hold' } });
  const uniques = [
    ...[1, 2, 3].map((size) =>
      server.receive('FUSE_WRITE', { nodeid: first, pid: 0 }, writeArgs(0, 'x'.repeat(size))),
    ),
    server.receive('FUSE_READ', { nodeid: second, pid: 55 }, readArgs(0n, 8192, 4096)),
  ];
  server.replies.take();
  const held = (query: Record<string, unknown> = {}) => server.control.held(HeldQuery.parse(query));
  const release = (order: Record<string, unknown> = {}) => server.control.release(ReleaseBody.parse(order));
  const answered = () => server.replies.take().map((reply) => reply[1]);
  return { server, first, second, writes, reads, uniques, held, release, answered };
}

describe('ServingControl', () => {
  it('shows what is held, in the shape that is promised', () => {
    const { held, second, reads, uniques } = withHeld();
    const answer = HeldAnswer.parse(held());
    assert.deepEqual(
      answer.held.map(({ unique }) => BigInt(unique)),
      uniques,
    );
    const { ageMs, reason, ...last } = answer.held[3] ?? assert.fail();
    assert.deepEqual(last, {
      unique: `${uniques[3]}`,
      opcode: 'FUSE_READ',
      nodeid: second,
      path: '/second',
      offset: 8192,
      size: 4096,
      pid: 55,
      pinned: false,
      faultId: reads,
    });
    assert.match(reason, /hold READ/);
    assert.ok(ageMs >= 0 && ageMs < 60_000);
    assert.deepEqual(answer.total, { requests: 4, bytes: 6 + 4096 });
    assert.deepEqual(answer.byOpcode, { FUSE_WRITE: 3, FUSE_READ: 1 });
  });

  it('filters what it shows; the totals are of all that match, whatever the limit', () => {
    const { held, first, uniques } = withHeld();
    assert.deepEqual(held({ opcode: 'READ' }).total, { requests: 1, bytes: 4096 });
    assert.deepEqual(held({ nodeid: `${first}` }).total, { requests: 3, bytes: 6 });
    assert.deepEqual(held({ path: '/sec*' }).byOpcode, { FUSE_READ: 1 });
    const page = held({ limit: '2', offset: '1' });
    assert.deepEqual(
      page.held.map(({ unique }) => BigInt(unique)),
      uniques.slice(1, 3),
    );
    assert.equal(page.total.requests, 4);
    assert.deepEqual(held({ limit: '0' }).held, []);
  });

  it('names no fault that is not there any more', () => {
    const { server, held, writes } = withHeld();
    server.control.removeFault(writes);
    assert.deepEqual(
      held().held.map(({ faultId }) => faultId === null),
      [true, true, true, false],
    );
  });

  it('shows what has no path, offset or size as null', () => {
    const { server, first, held } = withHeld();
    server.store.unlink(1 as never, 'first');
    server.addFault({ match: { opcodes: ['GETATTR'] }, action: { type: 'hold' } });
    server.receive('FUSE_GETATTR', { nodeid: first }, zeros(16));
    const [only] = HeldAnswer.parse(held({ opcode: 'GETATTR' })).held;
    assert.deepEqual([only?.path, only?.offset, only?.size], [null, null, null]);
  });

  it('releases in the order asked for, and says how much is left', () => {
    const { release, answered, uniques } = withHeld();
    assert.deepEqual(release({ count: 1, order: 'reversed' }), { released: 1, bytes: 4096, remaining: 3 });
    assert.deepEqual(answered(), [uniques[3]]);
    assert.deepEqual(release({ opcodes: ['WRITE'], count: 2 }), { released: 2, bytes: 3, remaining: 1 });
    assert.deepEqual(answered(), uniques.slice(0, 2));
    assert.deepEqual(release(), { released: 1, bytes: 3, remaining: 0 });
    assert.deepEqual(release(), { released: 0, bytes: 0, remaining: 0 });
  });

  it('releases by unique, path, node and fault', () => {
    const { release, answered, uniques, first, reads } = withHeld();
    assert.equal(release({ uniques: [`${uniques[1]}`, '123456'] }).released, 1);
    assert.deepEqual(answered(), [uniques[1]]);
    assert.equal(release({ path: '/none' }).released, 0);
    assert.equal(release({ faultId: reads }).released, 1);
    assert.deepEqual(answered(), [uniques[3]]);
    assert.equal(release({ nodeid: first, path: '/first' }).released, 2);
    assert.deepEqual(answered(), [uniques[0], uniques[2]]);
  });

  it('passes over never, unless its unique, its fault or never itself is named', () => {
    const server = new Server();
    const never = server.addFault({ match: { opcodes: ['GETATTR'] }, action: { type: 'never' } });
    server.addFault({ action: { type: 'hold' } });
    const uniques = [1, 2, 3, 4].map(() => server.receive('FUSE_GETATTR', { nodeid: 1 }, zeros(16)));
    server.receive('FUSE_STATFS', { nodeid: 1 });
    const release = (order: Record<string, unknown>) => server.control.release(ReleaseBody.parse(order));
    assert.deepEqual(release({}), { released: 1, bytes: 0, remaining: 4 });
    assert.equal(release({ opcodes: ['GETATTR'], nodeid: 1, path: '/' }).released, 0);
    assert.equal(release({ never: false, uniques: [`${uniques[1]}`] }).released, 1);
    assert.equal(release({ faultId: never, count: 1, order: 'reversed' }).released, 1);
    assert.equal(release({ never: true, count: 1 }).released, 1);
    assert.deepEqual(
      server.replies.take().map((reply) => reply[1]),
      [10n, uniques[1], uniques[3], uniques[0]],
    );
    assert.deepEqual(server.control.letGoOfAll(), { released: 1, bytes: 0 });
    assert.equal(server.faults.size, 0);
  });

  it('unplugs and plugs once, and says whether it was so already', () => {
    const { server, held, first, answered, uniques } = withHeld();
    const { control } = server;
    assert.deepEqual(control.unplug(), { changed: true });
    assert.deepEqual(control.unplug(), { changed: false });
    assert.equal(control.status().unplugged, true);
    const cut = [4, 5].map((size) =>
      server.receive('FUSE_WRITE', { nodeid: first, pid: 0 }, writeArgs(0, 'y'.repeat(size))),
    );
    const row = HeldAnswer.parse(held()).held.at(-1);
    assert.deepEqual([row?.faultId, row?.reason], [null, 'unplugged']);
    assert.deepEqual(control.plug(), { changed: true, released: 2, bytes: 9, remaining: uniques.length });
    assert.deepEqual(answered(), cut);
    assert.deepEqual(control.plug(), { changed: false, released: 0, bytes: 0, remaining: uniques.length });
    assert.deepEqual(answered(), []);
    assert.equal(control.status().unplugged, false);
  });

  it('adds, lists, removes and clears faults by their ids', () => {
    const server = new Server();
    const id = server.addFault({ action: { type: 'hold' } });
    const other = server.addFault({ match: { opcodes: ['READ'] }, action: { type: 'hold' } });
    assert.notEqual(id, other);
    assert.deepEqual(
      server.control.faults().map((installed) => installed.id),
      [id, other],
    );
    assert.equal(server.control.removeFault(id)?.id, id);
    assert.equal(server.control.removeFault(id), undefined);
    assert.equal(server.control.clearFaults(), 1);
    assert.deepEqual(server.control.faults(), []);
  });

  it('tells its part of the status in the shape that is promised', () => {
    const { server } = withHeld();
    const part = Status.pick({
      protocol: true,
      store: true,
      held: true,
      faults: true,
      unplugged: true,
      requests: true,
      replies: true,
    });
    const status = part.parse(server.control.run('status', []));
    assert.equal(status.faults, 2);
    assert.equal(status.unplugged, false);
    assert.equal(status.held.requests, 4);
    assert.deepEqual(status.held.byOpcode, { FUSE_WRITE: 3, FUSE_READ: 1 });
    assert.ok(status.held.oldestMs !== null && status.held.oldestMs >= 0);
    assert.deepEqual(status.requests, {
      total: 6,
      byOpcode: { FUSE_CREATE: 2, FUSE_WRITE: 3, FUSE_READ: 1 },
    });
    assert.equal(status.replies.total, 2);
    assert.equal(status.store.inodes, 2);
    assert.equal(new Server().control.status().held.oldestMs, null);
  });
});
