/** A memory block of a DIMM that was plugged in is taken offline while it holds folios that do not move. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { needsGuest, playInGuest } from '../support/vm-arms.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-offline-'));
const controller = new AbortController();
after(() => {
  controller.abort(new Error('the test is over'));
  rmSync(scratch, { recursive: true });
});

test(
  'taking a block offline waits for held writeback, goes over a spliced folio again and again, and ends when they are let go',
  needsGuest,
  async () => {
    const scenarios = ['healthy', 'writeback-held', 'splice-pinned'];
    const { cells, exitStatus, told, out } = await playInGuest(
      'offline',
      scenarios,
      scratch,
      controller.signal,
    );
    const [, , held, , pinned] = cells;
    // Where a copy is written back nothing is stuck, and the kernel is told by what it does.
    const inPlace = held?.evidence.stuckWriteback === held?.evidence.stuckFolios;
    assert.deepEqual(
      cells.map(({ scenario, arm, outcome, verdict }) => [scenario, arm, outcome, verdict]),
      [
        ['healthy', 'control', 'migrated', 'pass'],
        ['writeback-held', 'control', 'migrated', 'pass'],
        ['writeback-held', 'fault', inPlace ? 'stalled' : 'migrated', 'pass'],
        ['splice-pinned', 'control', 'migrated', 'pass'],
        ['splice-pinned', 'fault', inPlace ? 'failed' : 'migrated', 'pass'],
      ],
      told,
    );
    assert.equal(exitStatus, 0, told);
    for (const { evidence } of cells)
      assert.ok((evidence.scannerReached ?? 0) > 0, 'the set lay in the block');
    if (!inPlace) return;
    const [waiter] = held?.evidence.waiters.filter(({ role }) => role === 'trigger') ?? [];
    const at = ['folio_wait_writeback', 'do_migrate_range', 'offline_pages'].map(
      (symbol) => waiter?.stack.indexOf(symbol) ?? -1,
    );
    assert.ok(at[0] !== undefined && at[0] >= 0, `${waiter?.stack}`);
    assert.deepEqual(
      at,
      at.toSorted((a, b) => a - b),
      'innermost first',
    );
    assert.match(
      pinned?.reason ?? '',
      /it went on until the release.*kernel log: migrating pfn [0-9a-f]+ failed/,
    );
    assert.match(readFileSync(join(out, 'dmesg-4.txt'), 'utf8'), /migrating pfn [0-9a-f]+ failed ret:/);
  },
);
