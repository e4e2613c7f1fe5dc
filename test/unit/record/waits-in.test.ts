import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitsIn } from '../../../src/record/waits-in.js';

test('a function that is on the stack', () => {
  const stack = ['folio_wait_bit_common', 'folio_wait_writeback', 'migrate_pages_batch'];
  assert.equal(waitsIn(stack, 'folio_wait_writeback'), 'folio_wait_writeback');
  assert.equal(waitsIn(stack, '__folio_lock'), undefined);
  assert.equal(waitsIn(['folio_wait_bit_common', '__folio_lock'], '__folio_lock'), '__folio_lock');
  assert.equal(waitsIn([], '__folio_lock'), undefined);
});

test('__folio_lock() where its last call is a jump, and only from who migrates', () => {
  for (const caller of ['migrate_pages_batch', 'migrate_folio_unmap', 'unmap_and_move', '__unmap_and_move'])
    assert.match(
      waitsIn(['folio_wait_bit_common', caller], '__folio_lock') ?? '',
      new RegExp(`from ${caller},`),
    );
  assert.equal(waitsIn(['folio_wait_bit_common', 'filemap_fault'], '__folio_lock'), undefined);
  assert.equal(waitsIn(['folio_wait_bit_common'], '__folio_lock'), undefined);
  assert.equal(waitsIn(['folio_wait_bit_common', 'migrate_pages_batch'], 'folio_wait_writeback'), undefined);
});
