import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeId, Unique } from '../../../src/base/branded.js';
import { type Withheld, WithheldRequests } from '../../../src/daemon/withheld.js';
import { Opcode } from '../../../src/protocol/opcode.js';

function setUp() {
  const settled: (readonly [number, Withheld])[] = [];
  const requests = new WithheldRequests((entry, withheld) => settled.push([Number(entry.unique), withheld]));
  interface More {
    deadlineMs?: number;
    opcode?: number;
    nodeid?: number;
    faultId?: number | undefined;
    never?: boolean;
  }
  const withhold = (unique: number, more: More = {}) =>
    requests.withhold(
      {
        unique: BigInt(unique) as Unique,
        opcode: more.opcode ?? Opcode.FUSE_WRITE,
        nodeid: (more.nodeid ?? 2) as NodeId,
        path: `/file${more.nodeid ?? 2}`,
        offset: 0,
        size: 4096,
        pid: 0,
        heldSinceMs: unique,
        deadlineMs: more.deadlineMs,
        faultId: 'faultId' in more ? more.faultId : (more.nodeid ?? 2),
        never: more.never ?? false,
        reason: 'test',
      },
      { ackBytes: unique },
    );
  const uniques = () => settled.splice(0).map(([unique]) => unique);
  return { requests, withhold, settled, uniques };
}

describe('WithheldRequests', () => {
  it('answers each with what was kept for it, and none twice', () => {
    const { requests, withhold, settled } = setUp();
    withhold(2);
    withhold(4);
    assert.deepEqual(requests.release({}), { released: 2, bytes: 8192 });
    assert.deepEqual(settled, [
      [2, { ackBytes: 2 }],
      [4, { ackBytes: 4 }],
    ]);
    assert.deepEqual(requests.release({}), { released: 0, bytes: 0 });
    assert.equal(settled.length, 2);
  });

  it('releases by opcode, node, path, unique, fault and number, in the order asked for', () => {
    const { requests, withhold, uniques } = setUp();
    withhold(2, { opcode: Opcode.FUSE_READ, nodeid: 5 });
    for (const unique of [4, 6, 8, 10, 12]) withhold(unique, { nodeid: unique === 4 ? 5 : 2 });
    withhold(14, { nodeid: 9 });
    requests.release({ opcodes: [Opcode.FUSE_READ] });
    assert.deepEqual(uniques(), [2]);
    requests.release({ nodeid: 5 });
    assert.deepEqual(uniques(), [4]);
    requests.release({ path: '/file9' });
    assert.deepEqual(uniques(), [14]);
    requests.release({ uniques: [10n, 999n] });
    assert.deepEqual(uniques(), [10]);
    requests.release({ faultId: 2, count: 1, order: 'reversed' });
    assert.deepEqual(uniques(), [12]);
    requests.release({ order: 'reversed' });
    assert.deepEqual(uniques(), [8, 6]);
    assert.equal(requests.totals.requests, 0);
  });

  it('passes over what is never released where it is told to', () => {
    const { requests, withhold, uniques } = setUp();
    withhold(2, { never: true });
    withhold(4);
    withhold(6, { never: true });
    assert.deepEqual(requests.release({ never: false }), { released: 1, bytes: 4096 });
    assert.deepEqual(uniques(), [4]);
    requests.release({ never: false, count: 1 });
    assert.deepEqual(uniques(), [], 'a count is not used up by what is passed over');
    requests.release({});
    assert.deepEqual(uniques(), [2, 6]);
  });

  it('releases what the cable holds, and that alone', () => {
    const { requests, withhold, uniques } = setUp();
    withhold(2);
    withhold(4, { faultId: undefined });
    withhold(6, { never: true });
    withhold(8, { faultId: undefined });
    requests.release({ faultId: null });
    assert.deepEqual(uniques(), [4, 8]);
  });

  it('answers the delayed at their time, the earliest first, and leaves the held', () => {
    const { requests, withhold, uniques } = setUp();
    withhold(2);
    withhold(4, { deadlineMs: 30 });
    withhold(6, { deadlineMs: 10 });
    assert.equal(requests.nextDeadlineMs(), 10);
    requests.releaseDue(9);
    assert.deepEqual(uniques(), []);
    requests.releaseDue(10);
    assert.deepEqual(uniques(), [6]);
    assert.equal(requests.nextDeadlineMs(), 30);
    requests.releaseDue(1000);
    assert.deepEqual(uniques(), [4]);
    assert.equal(requests.nextDeadlineMs(), Number.POSITIVE_INFINITY);
    assert.equal(requests.totals.requests, 1);
  });

  it('does not answer at its time what was released before', () => {
    const { requests, withhold, uniques } = setUp();
    withhold(2, { deadlineMs: 10 });
    withhold(4, { deadlineMs: 20 });
    requests.release({ uniques: [2n] });
    assert.equal(requests.nextDeadlineMs(), 20);
    requests.releaseDue(1000);
    assert.deepEqual(uniques(), [2, 4]);
  });

  it('stays whole when an answer brings the next request with it', () => {
    const settled: bigint[] = [];
    const requests: WithheldRequests = new WithheldRequests((entry) => {
      settled.push(entry.unique);
      // Whoever answers may let go of the rest meanwhile.
      requests.release({});
    });
    for (const unique of [2n, 4n, 6n]) {
      requests.withhold(
        {
          unique: unique as Unique,
          opcode: Opcode.FUSE_READ,
          nodeid: 2 as NodeId,
          path: undefined,
          offset: undefined,
          size: undefined,
          pid: 0,
          heldSinceMs: 0,
          deadlineMs: undefined,
          faultId: 1,
          never: false,
          reason: 'test',
        },
        { ackBytes: 0 },
      );
    }
    requests.release({});
    assert.deepEqual(settled.sort(), [2n, 4n, 6n]);
  });

  it('knows the oldest, and the totals by opcode', () => {
    const { requests, withhold } = setUp();
    assert.equal(requests.oldestSinceMs, undefined);
    withhold(2, { opcode: Opcode.FUSE_READ });
    withhold(4);
    withhold(6);
    assert.equal(requests.oldestSinceMs, 2);
    requests.release({ opcodes: [Opcode.FUSE_READ] });
    assert.equal(requests.oldestSinceMs, 4);
    assert.deepEqual([...requests.totalsByOpcode()], [[Opcode.FUSE_WRITE, { requests: 2, bytes: 8192 }]]);
  });
});
