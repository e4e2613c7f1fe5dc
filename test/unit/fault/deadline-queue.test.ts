import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DeadlineQueue, NotADeadlineError, type QueuedDeadline } from '../../../src/fault/deadline-queue.js';

function drain<Item>(queue: DeadlineQueue<Item>, now = Number.MAX_SAFE_INTEGER): Item[] {
  const items: Item[] = [];
  for (let item = queue.takeDue(now); item !== undefined; item = queue.takeDue(now)) items.push(item);
  return items;
}

describe('DeadlineQueue', () => {
  it('is empty at first', () => {
    const queue = new DeadlineQueue<string>();
    assert.equal(queue.nextDeadline(), undefined);
    assert.equal(queue.takeDue(1e9), undefined);
    assert.equal(queue.size, 0);
  });

  it('gives out what is due, at its very deadline too, and nothing else', () => {
    const queue = new DeadlineQueue<string>();
    queue.add(30, 'c');
    queue.add(10, 'a');
    queue.add(20, 'b');
    assert.equal(queue.takeDue(9), undefined);
    assert.deepEqual(drain(queue, 20), ['a', 'b']);
    assert.equal(queue.nextDeadline(), 30);
  });

  it('removes once', () => {
    const queue = new DeadlineQueue<string>();
    const a = queue.add(10, 'a');
    const b = queue.add(20, 'b');
    assert.equal(queue.remove(a), true);
    assert.equal(queue.remove(a), false);
    assert.equal(queue.takeDue(20), 'b');
    assert.equal(queue.remove(b), false);
    queue.add(1, 'c');
    assert.equal(queue.remove(b), false);
    assert.equal(queue.size, 1);
  });

  it('does not remove what another queue holds', () => {
    const other = new DeadlineQueue<string>();
    const queue = new DeadlineQueue<string>();
    queue.add(1, 'mine');
    assert.equal(queue.remove(other.add(1, 'theirs')), false);
    assert.equal(queue.size, 1);
  });

  it('refuses what is no time', () => {
    for (const deadline of [Number.NaN, Infinity, -Infinity])
      assert.throws(() => new DeadlineQueue<number>().add(deadline, 1), NotADeadlineError);
  });

  it('agrees with a sorted list under any mixture of add, remove and take', () => {
    const operation = fc.oneof(
      fc.record({ add: fc.nat({ max: 20 }) }),
      fc.record({ add: fc.nat({ max: 20 }) }),
      fc.record({ remove: fc.nat() }),
      fc.record({ take: fc.nat({ max: 25 }) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const queue = new DeadlineQueue<number>();
        const model: QueuedDeadline<number>[] = [];
        let added = 0;
        for (const step of operations) {
          if ('add' in step) {
            const queued = queue.add(step.add, added);
            added += 1;
            // Behind its equals: the order of addition.
            const place = model.findIndex(({ deadline }) => deadline > step.add);
            model.splice(place < 0 ? model.length : place, 0, queued);
          } else if ('remove' in step) {
            const [victim] = model.splice(step.remove % (model.length + 1), 1);
            if (victim !== undefined) assert.equal(queue.remove(victim), true);
          } else {
            const first = model[0];
            const expected = first !== undefined && first.deadline <= step.take ? model.shift() : undefined;
            assert.equal(queue.takeDue(step.take), expected?.item);
          }
          assert.equal(queue.size, model.length);
          assert.equal(queue.nextDeadline(), model[0]?.deadline);
        }
        assert.deepEqual(
          drain(queue),
          model.map(({ item }) => item),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('carries 60,000, half of them removed', () => {
    const queue = new DeadlineQueue<number>();
    const deadlines = Array.from({ length: 60_000 }, (_, index) => (index * 7919) % 10_007);
    const queued = deadlines.map((deadline, index) => queue.add(deadline, index));
    for (const [index, each] of queued.entries()) if (index % 2 === 1) assert.ok(queue.remove(each));
    const expected = deadlines
      .map((deadline, index) => ({ deadline, index }))
      .filter(({ index }) => index % 2 === 0)
      .sort((a, b) => a.deadline - b.deadline || a.index - b.index);
    assert.deepEqual(
      drain(queue),
      expected.map(({ index }) => index),
    );
  });
});
