/** Record locks against a model that keeps a holder for each byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFailure } from '../../../src/store/failure.js';
import { Fixture, ok, record } from './fixture.js';

const NR_BYTES = 24;
const NR_OWNERS = 3;
type Held = 'read' | 'write' | undefined;

const step = fc
  .record({
    by: fc.integer({ min: 0, max: NR_OWNERS - 1 }),
    type: fc.constantFrom('read' as const, 'write' as const, 'unlock' as const),
    a: fc.integer({ min: 0, max: NR_BYTES - 1 }),
    b: fc.integer({ min: 0, max: NR_BYTES - 1 }),
  })
  .map(({ by, type, a, b }) => ({ by, type, start: Math.min(a, b), end: Math.max(a, b) }));

test('grants, refusals, what is held and how many locks it takes are those of a lock for each byte', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const f = new Fixture();
      const file = f.file('file');
      const held: Held[][] = Array.from({ length: NR_OWNERS }, () =>
        new Array<Held>(NR_BYTES).fill(undefined),
      );
      const clashes = (by: number, type: string, byte: number) =>
        held.some(
          (of, at) => at !== by && of[byte] !== undefined && (of[byte] === 'write' || type === 'write'),
        );

      for (const { by, type, start, end } of steps) {
        const bytes = Array.from({ length: end - start + 1 }, (_, nr) => start + nr);
        const refused = type !== 'unlock' && bytes.some((byte) => clashes(by, type, byte));
        assert.equal(isFailure(f.store.setlk(file, record(type, by, start, end))), refused);
        if (!refused) held[by]?.fill(type === 'unlock' ? undefined : type, start, end + 1);

        for (let owner = 0; owner < NR_OWNERS; owner++) {
          for (let byte = 0; byte < NR_BYTES; byte++) {
            for (const kind of ['read', 'write'] as const) {
              const conflict = ok(f.store.getlk(file, record(kind, owner, byte, byte)));
              assert.equal(conflict !== undefined, clashes(owner, kind, byte), `${owner} ${kind} ${byte}`);
            }
          }
        }
        const nrRuns = held.flatMap((of) =>
          of.filter((type, at) => type !== undefined && type !== of[at - 1]),
        );
        assert.equal(f.store.counters().nrLocks, nrRuns.length);
      }
      for (let owner = 0; owner < NR_OWNERS; owner++) f.store.releaseRecordLocks(file, BigInt(owner));
      assert.equal(f.store.counters().nrLocks, 0);
    }),
    { numRuns: 200 },
  );
});

test('whoever waits gets the lock once nothing is in the way, and nobody is forgotten', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const f = new Fixture();
      const file = f.file('file');
      // One wait at a time for each owner, as for a process with one thread.
      const waiting = new Map<number, (typeof steps)[number]>();
      for (const asked of steps) {
        const { by, type, start, end } = asked;
        if (waiting.has(by)) continue;
        const result = f.store.setlkw(file, record(type, by, start, end), () => waiting.delete(by));
        if (result > 0) waiting.set(by, asked);
        for (const [owner, wait] of waiting) {
          const conflict = f.store.getlk(file, record(wait.type, owner, wait.start, wait.end));
          assert.notEqual(conflict, undefined, 'waits for nothing');
        }
        assert.ok(waiting.size < NR_OWNERS, 'all wait: a deadlock that nobody was told of');
      }
      for (let turn = 0; turn < NR_OWNERS; turn++) {
        for (let owner = 0; owner < NR_OWNERS; owner++) {
          if (!waiting.has(owner)) f.store.releaseRecordLocks(file, BigInt(owner));
        }
      }
      assert.equal(waiting.size, 0);
      assert.equal(f.store.counters().nrLocks, 0);
    }),
    { numRuns: 300 },
  );
});
