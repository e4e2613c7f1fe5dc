import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkFault } from '../../../src/fault/check-fault.js';
import type { Fault, FaultInput } from '../../../src/fault/fault.js';
import { compileGlob } from '../../../src/fault/glob.js';
import { faultableOpcodes } from '../../../src/fault/opcode-spec.js';
import type { Subject } from '../../../src/fault/subject.js';
import { FaultTable } from '../../../src/fault/table.js';
import { Opcode } from '../../../src/protocol/opcode.js';
import { subjectOf } from './subject-of.js';

const hold = (match: FaultInput['match'] = {}): Fault => checkFault({ match, action: { type: 'hold' } });
const tableOf = (...faults: Fault[]): FaultTable => {
  const table = new FaultTable(1);
  for (const fault of faults) table.add(fault);
  return table;
};
const takenBy = (table: FaultTable, subject: Subject): number | undefined => {
  const decision = table.decide(subject);
  return decision.kind === 'pass' ? undefined : decision.faultId;
};

describe('FaultTable', () => {
  it('passes everything when empty', () => {
    assert.deepEqual(new FaultTable(1).decide(subjectOf()), { kind: 'pass' });
  });

  it('lets the first in order of addition decide', () => {
    const table = tableOf(hold({ path: '/dir/**' }), hold({ opcodes: ['write'] }), hold());
    assert.equal(takenBy(table, subjectOf()), 1);
    assert.equal(takenBy(table, subjectOf({ path: '/other' })), 2);
    assert.equal(takenBy(table, subjectOf({ opcode: Opcode.FUSE_READ, path: '/other' })), 3);
  });

  it('says which fault it was, and why', () => {
    assert.deepEqual(tableOf(hold({ opcodes: ['write'], nth: 1 })).decide(subjectOf()), {
      kind: 'hold',
      faultId: 1,
      reason: 'fault 1: hold WRITE nth=1',
    });
  });

  it('without opcodes takes all that can be held, and no other', () => {
    const table = tableOf(hold());
    const taken = Object.values(Opcode).filter((opcode) => takenBy(table, subjectOf({ opcode })) === 1);
    assert.deepEqual(
      taken,
      faultableOpcodes.map((name) => Opcode[name]),
    );
    for (const opcode of [0, 54, 4096, 1_048_576])
      assert.equal(takenBy(table, subjectOf({ opcode })), undefined);
  });

  it('counts hits, and lists in order', () => {
    const table = tableOf(hold({ nth: 2 }), hold({ opcodes: ['read'] }));
    for (let request = 0; request < 3; request += 1) table.decide(subjectOf());
    table.decide(subjectOf({ opcode: Opcode.FUSE_READ }));
    assert.deepEqual(
      table.list().map(({ id, hits, fault }) => [id, hits, fault.match.nth]),
      [
        [1, 1, 2],
        [2, 1, undefined],
      ],
    );
  });

  it('counts nth over the requests that match all the rest and that no earlier fault took', () => {
    const table = tableOf(hold({ range: { start: 100, end: 200 } }), hold({ nodeid: 2, nth: 2 }));
    const taken = [
      subjectOf({ offset: 100 }),
      subjectOf({ nodeid: 9, offset: 4096 }),
      subjectOf({ offset: 4096 }),
      subjectOf({ offset: 4096 }),
      subjectOf({ offset: 4096 }),
    ].map((subject) => takenBy(table, subject));
    assert.deepEqual(taken, [1, undefined, undefined, 2, undefined]);
  });

  it('removes one, gives its id to no other, and clears', () => {
    const table = tableOf(hold(), hold());
    assert.equal(table.remove(1), true);
    assert.equal(table.remove(1), false);
    assert.equal(takenBy(table, subjectOf()), 2);
    assert.equal(table.clear(), 1);
    assert.equal(table.size, 0);
    assert.equal(takenBy(table, subjectOf()), undefined);
    assert.deepEqual(table.add(hold()), { id: 3 });
    assert.equal(takenBy(table, subjectOf()), 3);
  });

  it('keeps counters of the others when one is added or removed', () => {
    const table = tableOf(hold({ nth: 3 }), hold({ opcodes: ['read'] }));
    table.decide(subjectOf());
    table.remove(2);
    table.decide(subjectOf());
    table.add(hold({ opcodes: ['read'] }));
    assert.equal(takenBy(table, subjectOf()), 1);
  });

  it('asks for a path only for an opcode that has a glob', () => {
    let asked = 0;
    const onPath = (): void => {
      asked += 1;
    };
    const table = tableOf(hold({ opcodes: ['read'], path: '/x' }), hold({ opcodes: ['write'], nodeid: 77 }));
    table.decide(subjectOf({ onPath }));
    table.decide(subjectOf({ opcode: Opcode.FUSE_LOOKUP, onPath }));
    assert.equal(asked, 0);
    table.decide(subjectOf({ opcode: Opcode.FUSE_READ, onPath }));
    assert.equal(asked, 1);
  });

  it('matches no glob, not even **, for a node without a path', () => {
    const table = tableOf(hold({ path: '**' }), hold({ nodeid: 2 }));
    assert.equal(takenBy(table, subjectOf({ path: undefined })), 2);
  });

  it('keeps answers by path without mixing them up, past its limit too', () => {
    const table = tableOf(hold({ path: '/odd/**' }), hold({ path: '/even/**' }));
    for (let round = 0; round < 2; round += 1) {
      for (let index = 0; index < 6000; index += 1) {
        const dir = ['even', 'odd', 'none'][index % 3];
        const expected = [2, 1, undefined][index % 3];
        assert.equal(takenBy(table, subjectOf({ path: `/${dir}/${index}` })), expected);
      }
    }
    table.add(hold({ path: '/none/**' }));
    assert.equal(takenBy(table, subjectOf({ path: '/none/2' })), 3);
  });

  it('decides as a plain walk over all faults does', () => {
    const match = fc.record(
      {
        opcodes: fc.subarray(['read', 'write', 'open'], { minLength: 1 }),
        path: fc.constantFrom('/a/**', '**/x', '/b/x', '!/a/**'),
        nodeid: fc.integer({ min: 1, max: 3 }),
        range: fc.nat({ max: 4 }).map((start) => ({ start, end: start + 3 })),
        nth: fc.integer({ min: 1, max: 3 }),
      },
      { requiredKeys: [] },
    );
    const request = fc.record({
      opcode: fc.constantFrom(Opcode.FUSE_READ, Opcode.FUSE_WRITE, Opcode.FUSE_OPEN, Opcode.FUSE_LOOKUP),
      path: fc.constantFrom('/a/x', '/b/x', '/b/y', undefined),
      nodeid: fc.integer({ min: 1, max: 3 }),
      offset: fc.constantFrom(0, 2, 5, undefined),
      size: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(match, { maxLength: 5 }),
        fc.array(request, { maxLength: 20 }),
        (matches, requests) => {
          const faults = matches.map((each) => hold(each));
          const table = tableOf(...faults);
          const counts = faults.map(() => 0);
          for (const wanted of requests) {
            const expected = faults.findIndex(({ match: { opcodes, path, nodeid, range, nth } }, index) => {
              const { offset, size } = wanted;
              const rest =
                (opcodes?.some((name) => Opcode[name] === wanted.opcode) ?? true) &&
                (path === undefined || (wanted.path !== undefined && compileGlob(path)(wanted.path))) &&
                (nodeid === undefined || nodeid === wanted.nodeid) &&
                (range === undefined ||
                  (offset !== undefined &&
                    offset < (range.end ?? Infinity) &&
                    offset + Math.max(size, 1) > range.start));
              if (!rest) return false;
              counts[index] = (counts[index] ?? 0) + 1;
              return nth === undefined || counts[index] === nth;
            });
            assert.equal(takenBy(table, subjectOf(wanted)), expected < 0 ? undefined : expected + 1);
          }
        },
      ),
    );
  });

  it('repeats delays and choices for the same seed, each fault with a stream of its own', () => {
    const delayed = checkFault({
      match: { opcodes: ['write'], probability: 0.5 },
      action: { type: 'delay', distribution: { kind: 'uniform', minMs: 0, maxMs: 100 } },
    });
    const run = (seed: number, readsBetween: boolean): (number | undefined)[] => {
      const table = new FaultTable(seed);
      table.add(delayed);
      table.add({ ...delayed, match: { opcodes: ['FUSE_READ'], probability: 0.5 } });
      return Array.from({ length: 50 }, () => {
        if (readsBetween) table.decide(subjectOf({ opcode: Opcode.FUSE_READ }));
        const decision = table.decide(subjectOf());
        return decision.kind === 'delay' ? decision.delayMs : undefined;
      });
    };
    assert.deepEqual(run(1, false), run(1, true));
    assert.notDeepEqual(run(1, false), run(2, false));
    assert.ok(run(1, false).some((ms) => ms === undefined));
    assert.ok(new Set(run(1, false)).size > 10);
  });
});
