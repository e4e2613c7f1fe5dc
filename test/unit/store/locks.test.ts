import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errnoName } from '../../../src/base/errno.js';
import type { LockRequest } from '../../../src/store/lock.js';
import { OFFSET_MAX } from '../../../src/store/lock.js';
import { Fixture, fails, flock, ok, ROOT, record } from './fixture.js';

class Locks extends Fixture {
  readonly node = this.file('file');
  /** What was settled, in order. */
  readonly settled: string[] = [];

  set(request: LockRequest, node = this.node) {
    return this.store.setlk(node, request);
  }

  /** The ticket, 0 when granted at once. */
  wait(name: string, request: LockRequest, node = this.node): number {
    return ok(
      this.store.setlkw(node, request, (result) =>
        this.settled.push(result === 0 ? name : `${name} ${errnoName(-result)}`),
      ),
    );
  }

  probe(by: number, start: number, end: number) {
    return ok(this.store.getlk(this.node, record('write', by, start, end)));
  }
}

test('readers share, a writer excludes; EAGAIN and F_GETLK name the one in the way', () => {
  const l = new Locks();
  ok(l.set(record('read', 1, 0, 99)));
  ok(l.set(record('read', 2, 50, 149)));
  fails(l.set(record('write', 3, 120, 130)), 'EAGAIN');
  ok(l.set(record('write', 3, 150, 200)));
  assert.deepEqual(l.probe(3, 60, 300), { type: 'read', pid: 101, start: 0n, end: 99n });
  assert.deepEqual(l.probe(1, 149, 160), { type: 'read', pid: 102, start: 50n, end: 149n });
  assert.deepEqual(l.probe(1, 150, 160), { type: 'write', pid: 103, start: 150n, end: 200n });
  assert.equal(l.probe(1, 0, 49), undefined);
  assert.equal(ok(l.store.getlk(l.node, record('read', 3, 0, 149))), undefined);
});

test('an owner never conflicts with itself; unlocking the middle splits, locking it again merges', () => {
  const l = new Locks();
  ok(l.set(record('write', 1)));
  ok(l.set(record('unlock', 1, 100, 199)));
  assert.equal(l.store.counters().nrLocks, 2);
  assert.deepEqual(l.probe(2, 0, 500), { type: 'write', pid: 101, start: 0n, end: 99n });
  assert.equal(l.probe(2, 100, 199), undefined);
  assert.deepEqual(l.probe(2, 150, 500), { type: 'write', pid: 101, start: 200n, end: OFFSET_MAX });
  ok(l.set(record('write', 1, 100, 199)));
  assert.equal(l.store.counters().nrLocks, 1);
  ok(l.set(record('read', 1, 100, 199)));
  assert.equal(l.store.counters().nrLocks, 3);
  ok(l.set(record('read', 2, 100, 199)));
  fails(l.set(record('write', 1, 100, 199)), 'EAGAIN');
  ok(l.set(record('unlock', 1)));
  ok(l.set(record('unlock', 2)));
  assert.equal(l.store.counters().nrLocks, 0);
});

test('ranges that cannot be are refused', () => {
  const l = new Locks();
  fails(l.set(record('read', 1, 5, 4)), 'EINVAL');
  fails(l.set(record('read', 1, -1, 4)), 'EINVAL');
  fails(l.set(record('read', 1, 0, OFFSET_MAX + 1n)), 'EINVAL');
});

test('those who wait for the same get it in the order they came', () => {
  const l = new Locks();
  ok(l.set(record('write', 1)));
  for (const nr of [2, 3, 4]) assert.ok(l.wait(`w${nr}`, record('write', nr)) > 0);
  ok(l.set(record('unlock', 1)));
  assert.deepEqual(l.settled, ['w2']);
  ok(l.set(record('unlock', 2)));
  ok(l.set(record('unlock', 3)));
  assert.deepEqual(l.settled, ['w2', 'w3', 'w4']);
});

test('one unlock lets in all whose way is clear: readers together, writers elsewhere', () => {
  const l = new Locks();
  ok(l.set(record('write', 1)));
  l.wait('r2', record('read', 2, 0, 9));
  l.wait('r3', record('read', 3, 5, 20));
  l.wait('w4', record('write', 4, 0, 0));
  l.wait('w5', record('write', 5, 100, 100));
  ok(l.set(record('unlock', 1, 0, 50)));
  assert.deepEqual(l.settled, ['r2', 'r3']);
  ok(l.set(record('unlock', 1)));
  assert.deepEqual(l.settled, ['r2', 'r3', 'w5']);
});

test('a downgrade lets readers in', () => {
  const l = new Locks();
  ok(l.set(record('write', 1)));
  l.wait('r2', record('read', 2));
  ok(l.set(record('read', 1)));
  assert.deepEqual(l.settled, ['r2']);
});

test('a granted wait that downgrades lets in whoever was passed over before it', () => {
  const l = new Locks();
  ok(l.set(record('write', 1, 0, 9)));
  ok(l.set(record('write', 2, 10, 19)));
  l.wait('r3', record('read', 3, 0, 9));
  l.wait('r1', record('read', 1, 0, 19));
  ok(l.set(record('unlock', 2)));
  assert.deepEqual(l.settled, ['r1', 'r3']);
});

test('a cancelled wait is over, once, and is not granted later', () => {
  const l = new Locks();
  ok(l.set(record('write', 1)));
  const ticket = l.wait('w2', record('write', 2));
  assert.equal(l.store.cancelLock(ticket), true);
  assert.equal(l.store.cancelLock(ticket), false);
  ok(l.set(record('unlock', 1)));
  assert.deepEqual(l.settled, []);
  assert.equal(l.store.counters().nrLocks, 0);
});

test('a ticket that was granted cannot be cancelled', () => {
  const l = new Locks();
  ok(l.set(record('write', 1)));
  const ticket = l.wait('w2', record('write', 2));
  ok(l.set(record('unlock', 1)));
  assert.equal(l.store.cancelLock(ticket), false);
  fails(l.set(record('write', 1)), 'EAGAIN');
});

test('a circle of waits is EDEADLK, across files and through a third; a chain is not', () => {
  const l = new Locks();
  const other = l.file('other');
  const third = l.file('third');
  ok(l.set(record('write', 1)));
  ok(l.set(record('write', 2), other));
  ok(l.set(record('write', 3), third));
  assert.ok(l.wait('1 for 2', record('write', 1), other) > 0);
  assert.ok(l.wait('2 for 3', record('write', 2), third) > 0);
  fails(
    l.store.setlkw(l.node, record('write', 3), () => assert.fail('settled')),
    'EDEADLK',
  );
  ok(l.set(record('unlock', 3), third));
  assert.deepEqual(l.settled, ['2 for 3']);
  assert.ok(l.wait('3 for 1', record('write', 3)) > 0);
});

test('two readers that both upgrade: the second would wait for ever', () => {
  const l = new Locks();
  ok(l.set(record('read', 1)));
  ok(l.set(record('read', 2)));
  assert.ok(l.wait('1', record('write', 1)) > 0);
  fails(
    l.store.setlkw(l.node, record('write', 2), () => assert.fail('settled')),
    'EDEADLK',
  );
  l.store.releaseRecordLocks(l.node, 2n);
  assert.deepEqual(l.settled, ['1']);
});

test('a circle that a grant closes ends with EDEADLK for the one still waiting', () => {
  const l = new Locks();
  const other = l.file('other');
  ok(l.set(record('write', 1)));
  ok(l.set(record('write', 3), other));
  // Two threads of owner 2 wait: one for the file, one for what 3 holds.
  assert.ok(l.wait('2 a', record('write', 2)) > 0);
  assert.ok(l.wait('2 b', record('write', 2), other) > 0);
  assert.ok(l.wait('3', record('write', 3)) > 0);
  ok(l.set(record('unlock', 1)));
  assert.deepEqual(l.settled, ['2 a', '3 EDEADLK']);
});

test('FLUSH drops all record locks of the owner on that inode, and no others', () => {
  const l = new Locks();
  const other = l.file('other');
  ok(l.set(record('write', 1, 0, 9)));
  ok(l.set(record('read', 1, 20, 29)));
  ok(l.set(record('write', 2, 100, 109)));
  ok(l.set(record('write', 1), other));
  ok(l.set(flock('write', 1)));
  l.wait('w3', record('write', 3, 0, 29));
  l.store.releaseRecordLocks(l.node, 1n);
  assert.deepEqual(l.settled, ['w3']);
  fails(l.set(record('write', 4, 100, 109)), 'EAGAIN');
  fails(l.set(record('write', 4), other), 'EAGAIN');
  fails(l.set(flock('write', 4)), 'EAGAIN');
});

test('flock: shared, exclusive, waiting, and gone on release', () => {
  const l = new Locks();
  ok(l.set(flock('read', 1)));
  ok(l.set(flock('read', 2)));
  fails(l.set(flock('write', 3)), 'EAGAIN');
  assert.ok(l.wait('w3', flock('write', 3)) > 0);
  l.store.releaseFlock(l.node, 1n);
  assert.deepEqual(l.settled, []);
  ok(l.set(flock('unlock', 2)));
  assert.deepEqual(l.settled, ['w3']);
  ok(l.set(flock('write', 3)));
  l.store.releaseFlock(l.node, 3n);
  assert.equal(l.store.counters().nrLocks, 0);
});

test('flock converts by unlocking first: a refused conversion has lost the old lock', () => {
  const l = new Locks();
  ok(l.set(flock('read', 1)));
  ok(l.set(flock('read', 2)));
  fails(l.set(flock('write', 1)), 'EAGAIN');
  ok(l.set(flock('write', 2)));
  l.wait('r1', flock('read', 1));
  ok(l.set(flock('read', 2)));
  assert.deepEqual(l.settled, ['r1']);
});

test('two flock conversions wait without a deadlock: the first to give up lets the other in', () => {
  const l = new Locks();
  ok(l.set(flock('read', 1)));
  ok(l.set(flock('read', 2)));
  assert.ok(l.wait('1', flock('write', 1)) > 0);
  assert.equal(l.wait('2', flock('write', 2)), 0);
  l.store.releaseFlock(l.node, 2n);
  assert.deepEqual(l.settled, ['1']);
});

test('flock and record locks do not see each other', () => {
  const l = new Locks();
  ok(l.set(flock('write', 1)));
  ok(l.set(record('write', 2)));
  assert.equal(l.store.counters().nrLocks, 2);
});

test('whoever is granted a lock may ask for the next from its callback', () => {
  const l = new Locks();
  ok(l.set(record('write', 1)));
  let second: number | undefined;
  ok(
    l.store.setlkw(l.node, record('write', 2), () => {
      second = l.store.setlk(l.node, record('unlock', 2));
    }),
  );
  l.wait('w3', record('write', 3));
  ok(l.set(record('unlock', 1)));
  assert.equal(second, 0);
  assert.deepEqual(l.settled, ['w3']);
});

test('a wait for an inode that dies is settled, not left behind', () => {
  const l = new Locks();
  ok(l.set(record('write', 1)));
  l.wait('w2', record('write', 2));
  ok(l.store.unlink(ROOT, 'file'));
  assert.deepEqual(l.settled, ['w2 EBADF']);
  assert.equal(l.store.counters().nrLocks, 0);
});
