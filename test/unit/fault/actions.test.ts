import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maxDurationMs } from '../../../src/base/duration.js';
import { Errno } from '../../../src/base/errno.js';
import { checkFault } from '../../../src/fault/check-fault.js';
import type { FaultInput } from '../../../src/fault/fault.js';
import { FaultTable } from '../../../src/fault/table.js';
import { Opcode } from '../../../src/protocol/opcode.js';
import { subjectOf } from './subject-of.js';

function deciding(action: FaultInput['action']) {
  const table = new FaultTable(1);
  table.add(checkFault({ action }));
  return (subject: Parameters<typeof subjectOf>[0] = {}) => table.decide(subjectOf(subject));
}

describe('fail', () => {
  it('decides on the number of its errno, whatever the opcode', () => {
    const decide = deciding({ type: 'fail', errno: 'ENOSPC' });
    for (const opcode of [Opcode.FUSE_WRITE, Opcode.FUSE_LOOKUP, Opcode.FUSE_STATX]) {
      assert.deepEqual(decide({ opcode }), {
        kind: 'fail',
        faultId: 1,
        reason: 'fault 1: fail ENOSPC any',
        errno: 28,
      });
    }
  });

  it('takes every name of an errno, and each is an error that the kernel takes', () => {
    for (const [errno, number] of Object.entries(Errno)) {
      const decision = deciding({ type: 'fail', errno: errno as keyof typeof Errno })();
      assert.equal(decision.kind === 'fail' && decision.errno, number);
      // fuse_dev_do_write(): -512 < error <= 0.
      assert.ok(number > 0 && number < 512, errno);
    }
  });
});

describe('short', () => {
  const sizeOf = (action: FaultInput['action'], size: number | undefined): unknown => {
    const decision = deciding(action)({ size });
    return decision.kind === 'short' && decision.sizeBytes;
  };

  it('gives so many bytes at most, and never more than asked', () => {
    assert.equal(sizeOf({ type: 'short', bytes: 100 }, 4096), 100);
    assert.equal(sizeOf({ type: 'short', bytes: 8192 }, 4096), 4096);
    assert.equal(sizeOf({ type: 'short', bytes: 0 }, 4096), 0);
  });

  it('gives a share of what is asked for, rounded down', () => {
    assert.equal(sizeOf({ type: 'short', percent: 50 }, 4097), 2048);
    assert.equal(sizeOf({ type: 'short', percent: 0 }, 4096), 0);
    assert.equal(sizeOf({ type: 'short', percent: 99.9 }, 1), 0);
  });

  it('without opcodes is for READ and WRITE, and for no other', () => {
    const fault = checkFault({ action: { type: 'short', bytes: 1 } });
    assert.deepEqual(fault.match.opcodes, ['FUSE_READ', 'FUSE_WRITE']);
    assert.deepEqual(checkFault(fault), fault);
    const decide = deciding({ type: 'short', bytes: 1 });
    assert.equal(decide({ opcode: Opcode.FUSE_READ }).kind, 'short');
    assert.equal(decide({ opcode: Opcode.FUSE_LOOKUP }).kind, 'pass');
  });
});

describe('never', () => {
  it('decides as a hold does, by its own name', () => {
    assert.deepEqual(deciding({ type: 'never' })(), {
      kind: 'never',
      faultId: 1,
      reason: 'fault 1: never any',
    });
  });
});

describe('delay by rate', () => {
  const rate = (bytesPerSecond: number) =>
    deciding({ type: 'delay', distribution: { kind: 'rate', bytesPerSecond } });
  const dueAfter = (decide: ReturnType<typeof rate>, subject: Parameters<typeof subjectOf>[0]) => {
    const decision = decide(subject);
    return decision.kind === 'delay' ? decision.delayMs : assert.fail(decision.kind);
  };

  it('has each due so many bytes after the one before it', () => {
    const decide = rate(1000);
    assert.equal(dueAfter(decide, { size: 500, arrivedMs: 100 }), 500);
    assert.equal(dueAfter(decide, { size: 250, arrivedMs: 100 }), 750);
    assert.equal(dueAfter(decide, { size: 250, arrivedMs: 350 }), 750);
  });

  it('saves nothing up while nobody asks', () => {
    const decide = rate(1000);
    assert.equal(dueAfter(decide, { size: 1000, arrivedMs: 0 }), 1000);
    assert.equal(dueAfter(decide, { size: 1000, arrivedMs: 60_000 }), 1000);
  });

  it('counts the data of READ and WRITE only; all else costs nothing and waits for its turn', () => {
    const decide = rate(1000);
    const { FUSE_GETATTR, FUSE_FALLOCATE, FUSE_READ } = Opcode;
    assert.equal(dueAfter(decide, { opcode: FUSE_GETATTR, size: undefined, arrivedMs: 0 }), 0);
    assert.equal(dueAfter(decide, { opcode: FUSE_FALLOCATE, size: 2 ** 40, arrivedMs: 0 }), 0);
    assert.equal(dueAfter(decide, { opcode: FUSE_READ, size: 100, arrivedMs: 0 }), 100);
    assert.equal(dueAfter(decide, { opcode: FUSE_GETATTR, size: undefined, arrivedMs: 40 }), 60);
  });

  it('counts only the requests that it takes, and each fault by itself', () => {
    const table = new FaultTable(1);
    const distribution = { kind: 'rate', bytesPerSecond: 1000 } as const;
    for (const path of ['/a', '/b'])
      table.add(checkFault({ match: { path }, action: { type: 'delay', distribution } }));
    const due = (path: string) =>
      dueAfter((subject) => table.decide(subjectOf(subject)), { path, size: 100 });
    assert.deepEqual([due('/a'), due('/b'), due('/a')], [100, 100, 200]);
    assert.equal(table.decide(subjectOf({ path: '/c' })).kind, 'pass');
    assert.equal(due('/b'), 200);
  });

  it('is never longer than a day, however many wait', () => {
    const decide = rate(1);
    for (let nr = 0; nr < 100; nr++) {
      const ms = dueAfter(decide, { size: 1 << 20, arrivedMs: nr });
      assert.ok(ms <= maxDurationMs);
    }
  });
});
