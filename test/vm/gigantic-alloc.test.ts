/** A huge page of 1 GiB is asked for, of which the only gibibyte that can be had holds folios that do not move. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { needsGuest, playInGuest } from '../support/vm-arms.js';

const scratch = mkdtempSync(join(tmpdir(), 'stuckfs-gigantic-'));
const controller = new AbortController();
after(() => {
  controller.abort(new Error('the test is over'));
  rmSync(scratch, { recursive: true });
});

test(
  'a gibibyte of plugged memory is emptied of clean folios that are locked, and waits for held ones',
  needsGuest,
  async () => {
    const { cells, exitStatus, told } = await playInGuest(
      'gigantic-alloc',
      ['writeback-held'],
      scratch,
      controller.signal,
    );
    const [, held] = cells;
    const inPlace = held?.evidence.stuckWriteback === held?.evidence.stuckFolios;
    assert.deepEqual(
      cells.map(({ arm, outcome, verdict }) => [arm, outcome, verdict]),
      [
        ['control', 'migrated', 'pass'],
        ['fault', inPlace ? 'stalled' : 'migrated', 'pass'],
      ],
      told,
    );
    assert.equal(exitStatus, 0, told);
  },
);
