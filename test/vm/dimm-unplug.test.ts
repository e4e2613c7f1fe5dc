/** A DIMM is unplugged over QMP while its memory holds folios that do not move: in a guest, as there is no other way. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { RunJson } from '../../src/report/run-json.js';
import { buildGuest } from '../../src/vm/guest/guest.js';
import { runBoot } from '../../src/vm/run-in-vm.js';
import { shapeOfTrigger } from '../../src/vm/shapes.js';
import { command, requires } from '../support/requirement.js';
import { findTestKernel, testKernel } from '../support/unpacked-kernel.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-dimm-'));
const controller = new AbortController();
after(() => {
  controller.abort(new Error('the test is over'));
  rmSync(scratch, { recursive: true });
});

const needs = requires(
  command('qemu-system-x86_64', 'qemu-system-x86'),
  command('busybox', 'busybox-static'),
  testKernel,
);

test(
  'unplugging a DIMM waits for held writeback, goes over a spliced folio again and again, and ends when they are let go',
  needs,
  async () => {
    const kernel = findTestKernel();
    const shape = shapeOfTrigger['dimm-unplug']?.shape;
    assert.ok(kernel !== undefined && shape !== undefined);
    const out = join(scratch, 'out');
    const said: string[] = [];
    const scenarios = ['writeback-held', 'splice-pinned'].flatMap((id) => ['--scenario', id]);
    const end = await runBoot({
      kernel,
      guest: await buildGuest(kernel, scratch, () => undefined),
      shape: { ...shape, cpus: 1 },
      accel: 'tcg',
      words: [...scenarios, '--trigger', 'dimm-unplug', '--stuck', '2M', '--hold', '2s'],
      out,
      deadlineGuestMs: 300_000,
      signal: controller.signal,
      progress: (news) => said.push(news.line),
    });
    const told = said.join('\n');
    const { cells } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as RunJson;
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
    assert.equal(end.exitStatus, 0, told);
    for (const cell of [heldControl, held, pinnedControl, pinned]) {
      assert.deepEqual(cell?.evidence.unplugged, { said: 'DEVICE_DELETED', blocks: 2, blocksLeft: 0 });
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
