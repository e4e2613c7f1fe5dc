/** Folios out of pfns and flags. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kpf } from '../../../src/kernel/kpageflags.js';
import { countOrders, foliosOf } from '../../../src/report/folio-orders.js';

const head = 2 ** Kpf.COMPOUND_HEAD;
const tail = 2 ** Kpf.COMPOUND_TAIL;

test('a head and the tails behind it are one folio, each other page is one of order 0', () => {
  const pfns = Float64Array.of(8, 9, 10, 11, 40, -1, 20, 21);
  const flags = Float64Array.of(head, tail, tail, tail, 0, 0, head, tail);
  const folios = foliosOf(pfns, flags);
  assert.deepEqual(
    folios.map(({ index, pages }) => [index, pages]),
    [
      [0, 4],
      [4, 1],
      [6, 2],
    ],
  );
  assert.deepEqual(countOrders(folios), { 2: 1, 0: 1, 1: 1 });
});

test('a tail that does not follow in memory is of another folio', () => {
  const folios = foliosOf(Float64Array.of(8, 30), Float64Array.of(head, tail));
  assert.deepEqual(
    folios.map(({ pages }) => pages),
    [1, 1],
  );
});
