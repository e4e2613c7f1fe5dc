/** A DIMM is unplugged over QMP while its memory holds folios that do not move: in a guest, as there is no other way. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { shapeOfTrigger } from '../../src/vm/shapes.js';
import { needsGuest, playInGuest } from '../support/vm-arms.js';

/** MIN_MEMORY_BLOCK_SIZE on x86-64, as long as there is less than 64 GiB (probe_memory_block_size()). */
const BLOCK_MIB = 128;
const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-dimm-'));
const controller = new AbortController();
after(() => {
  controller.abort(new Error('the test is over'));
  rmSync(scratch, { recursive: true });
});

test(
  'unplugging a DIMM waits for held writeback, goes over a spliced folio again and again, and ends when they are let go',
  needsGuest,
  async () => {
    const scenarios = ['writeback-held', 'splice-pinned'];
    const { cells, exitStatus, told } = await playInGuest(
      'dimm-unplug',
      scenarios,
      scratch,
      controller.signal,
    );
    // Where a copy is written back nothing is stuck, and the kernel is told by what it does.
    const [heldControl, held, pinnedControl, pinned] = cells;
    const inPlace = held?.evidence.stuckWriteback === held?.evidence.stuckFolios;
    assert.deepEqual(
      cells.map(({ scenario, arm, outcome, verdict }) => [scenario, arm, outcome, verdict]),
      [
        ['writeback-held', 'control', 'migrated', 'pass'],
        ['writeback-held', 'fault', inPlace ? 'stalled' : 'migrated', 'pass'],
        ['splice-pinned', 'control', 'migrated', 'pass'],
        ['splice-pinned', 'fault', inPlace ? 'failed' : 'migrated', 'pass'],
      ],
      told,
    );
    assert.equal(exitStatus, 0, told);
    const blocks = (shapeOfTrigger['dimm-unplug']?.shape.hotplugDimmMiB ?? 0) / BLOCK_MIB;
    for (const cell of [heldControl, held, pinnedControl, pinned]) {
      assert.deepEqual(cell?.evidence.unplugged, { said: 'DEVICE_DELETED', blocks, blocksLeft: 0 });
      assert.equal(cell?.evidence.byteExact, true);
      assert.ok((cell?.evidence.scannerReached ?? 0) > 0, 'the set lay in the DIMM');
    }
    if (!inPlace) return;
    assert.equal(held?.evidence.stuckMoved, 0);
    const [waiter] = held?.evidence.waiters.filter(({ role }) => role === 'trigger') ?? [];
    assert.match(waiter?.comm ?? '', /^kworker\//);
    for (const symbol of ['folio_wait_writeback', 'offline_pages', 'acpi_device_hotplug'])
      assert.ok(waiter?.stack.includes(symbol), `${symbol}: ${waiter?.stack}`);
    assert.match(waiter?.waitsFor?.unique ?? '', /^\d+$/, 'the folio is joined with a WRITE');
    assert.match(pinned?.reason ?? '', /it went on until the release/);
  },
);
