import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { NodeId, Unique } from '../../../src/base/branded.js';
import {
  DuplicateUniqueError,
  type HeldFilter,
  type HeldRequest,
  Inventory,
} from '../../../src/fault/inventory.js';
import { Opcode } from '../../../src/protocol/opcode.js';

const { FUSE_READ, FUSE_WRITE } = Opcode;

interface Wanted {
  opcode?: number;
  nodeid?: number;
  path?: string | undefined;
  size?: number | undefined;
  faultId?: number | undefined;
  heldSinceMs?: number;
}

function held(unique: number, wanted: Wanted = {}): HeldRequest<string> {
  const defaults = {
    opcode: FUSE_WRITE,
    nodeid: 2,
    path: '/a/f',
    size: 4096,
    faultId: 1,
    heldSinceMs: unique,
  };
  const { nodeid, ...rest } = { ...defaults, ...wanted };
  return {
    unique: BigInt(unique) as Unique,
    nodeid: nodeid as NodeId,
    offset: 0,
    pid: 1,
    deadlineMs: undefined,
    never: false,
    reason: 'test',
    payload: `reply ${unique}`,
    ...rest,
  };
}
function inventoryOf(...entries: HeldRequest<string>[]): Inventory<string> {
  const inventory = new Inventory<string>();
  for (const entry of entries) inventory.add(entry);
  return inventory;
}
const uniquesOf = (inventory: Inventory<string>, filter?: HeldFilter): number[] =>
  inventory.select(filter).map(({ unique }) => Number(unique));

describe('Inventory', () => {
  it('gives an entry out exactly once', () => {
    const inventory = inventoryOf(held(2));
    assert.equal(inventory.get(2n)?.payload, 'reply 2');
    assert.equal(inventory.take(2n)?.payload, 'reply 2');
    assert.equal(inventory.take(2n), undefined);
    assert.equal(inventory.get(2n), undefined);
    assert.deepEqual(inventory.select(), []);
  });

  it('keeps a watched count up to date, for its filter alone, until it is not watched any more', () => {
    const inventory = inventoryOf(held(2), held(4, { opcode: FUSE_READ }));
    const writes = inventory.watch({ opcodes: [FUSE_WRITE] });
    const ofB = inventory.watch({ path: '/b/*' });
    const counts = () => [writes.requests, ofB.requests];
    assert.deepEqual(counts(), [1, 0], 'what is there already counts');
    inventory.add(held(6, { path: '/b/f' }));
    inventory.add(held(8, { path: undefined }));
    assert.deepEqual(counts(), [3, 1]);
    inventory.take(6n);
    inventory.take(6n);
    assert.deepEqual(counts(), [2, 0]);
    inventory.unwatch(writes);
    inventory.take(2n);
    assert.deepEqual(counts(), [2, 0]);
  });

  it('gives an entry that two selections named to the first taker only', () => {
    const inventory = inventoryOf(held(2), held(4));
    const [first, second] = [inventory.select(), inventory.select({ nodeid: 2 })];
    assert.equal(first.filter(({ unique }) => inventory.take(unique)).length, 2);
    assert.equal(second.filter(({ unique }) => inventory.take(unique)).length, 0);
  });

  it('refuses a unique that is there, and leaves the entry as it was', () => {
    const inventory = inventoryOf(held(2));
    assert.throws(() => inventory.add(held(2, { size: 1 })), DuplicateUniqueError);
    assert.deepEqual(inventory.totals, { requests: 1, bytes: 4096 });
    inventory.take(2n);
    inventory.add(held(2));
    assert.equal(inventory.totals.requests, 1);
  });

  it('counts requests and bytes, in all and by opcode', () => {
    const inventory = inventoryOf(
      held(2),
      held(4, { size: 100 }),
      held(6, { opcode: FUSE_READ, size: undefined }),
    );
    assert.deepEqual(inventory.totals, { requests: 3, bytes: 4196 });
    assert.deepEqual(inventory.totalsOf(FUSE_WRITE), { requests: 2, bytes: 4196 });
    assert.deepEqual(inventory.totalsOf(Opcode.FUSE_OPEN), { requests: 0, bytes: 0 });
    inventory.take(6n);
    inventory.take(2n);
    assert.deepEqual([...inventory.totalsByOpcode()], [[FUSE_WRITE, { requests: 1, bytes: 100 }]]);
  });

  it('knows the oldest, whichever is taken', () => {
    const inventory = inventoryOf(held(2), held(4), held(6));
    assert.equal(inventory.oldestHeldSinceMs, 2);
    inventory.take(4n);
    inventory.take(2n);
    assert.equal(inventory.oldestHeldSinceMs, 6);
    inventory.take(6n);
    assert.equal(inventory.oldestHeldSinceMs, undefined);
    inventory.add(held(8));
    assert.equal(inventory.oldestHeldSinceMs, 8);
  });

  describe('select', () => {
    const inventory = inventoryOf(
      held(10, { path: '/a/x', faultId: 1 }),
      held(8, { path: '/a/y', faultId: 2, opcode: FUSE_READ }),
      held(6, { path: '/b/x', faultId: 1, nodeid: 3 }),
      held(4, { path: undefined, faultId: undefined }),
    );
    const cases: [string, HeldFilter, number[]][] = [
      ['all, oldest first', {}, [10, 8, 6, 4]],
      ['newest first', { order: 'reversed' }, [4, 6, 8, 10]],
      ['so many of the oldest', { count: 2 }, [10, 8]],
      ['so many of the newest', { count: 2, order: 'reversed' }, [4, 6]],
      ['none', { count: 0 }, []],
      ['by opcode', { opcodes: [FUSE_READ] }, [8]],
      ['by glob, without those that have no path', { path: '**' }, [10, 8, 6]],
      ['by glob', { path: '/a/*' }, [10, 8]],
      ['by node', { nodeid: 3 }, [6]],
      ['by fault', { faultId: 1 }, [10, 6]],
      ['by uniques, in order of arrival, each once', { uniques: [4n, 10n, 4n, 99n] }, [10, 4]],
      ['by uniques, newest first', { uniques: [10n, 4n], order: 'reversed', count: 1 }, [4]],
      ['by all together', { opcodes: [FUSE_WRITE], path: '/a/*', faultId: 1, uniques: [10n, 6n] }, [10]],
      ['by what nothing has', { opcodes: [] }, []],
    ];
    for (const [name, filter, expected] of cases)
      it(name, () => assert.deepEqual(uniquesOf(inventory, filter), expected));
    it('takes nothing out', () => assert.equal(inventory.totals.requests, 4));
  });

  it('agrees with a plain list under any order of add and take', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 15 })), { maxLength: 100 }), (steps) => {
        const inventory = new Inventory<string>();
        let model: HeldRequest<string>[] = [];
        for (const [adding, unique] of steps) {
          const known = model.find((entry) => entry.unique === BigInt(unique));
          if (!adding) {
            assert.equal(inventory.take(BigInt(unique)), known);
            model = model.filter((entry) => entry !== known);
          } else if (known === undefined) {
            const entry = held(unique, { size: unique, opcode: unique % 3, heldSinceMs: model.length });
            inventory.add(entry);
            model.push(entry);
          }
          assert.deepEqual(inventory.select(), model);
          assert.deepEqual(inventory.select({ order: 'reversed' }), model.toReversed());
          assert.equal(inventory.oldestHeldSinceMs, model[0]?.heldSinceMs);
          const bytes = model.reduce((sum, { size }) => sum + (size ?? 0), 0);
          assert.deepEqual(inventory.totals, { requests: model.length, bytes });
        }
      }),
    );
  });

  // A scan for the oldest would make this quadratic: two thousand million steps rather than 65,535.
  it('releases 65,535 in order, asking for the oldest each time', { timeout: 5000 }, () => {
    const inventory = new Inventory<string>();
    for (let unique = 1; unique <= 65_535; unique += 1) inventory.add(held(unique));
    for (let unique = 1; unique <= 65_535; unique += 1) {
      if (inventory.oldestHeldSinceMs !== unique) assert.fail(`${inventory.oldestHeldSinceMs} at ${unique}`);
      inventory.take(BigInt(unique));
    }
    assert.deepEqual(inventory.totals, { requests: 0, bytes: 0 });
  });
});
