import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spliceMoved } from '../../../src/scenario/catalog/splice-moved.js';
import { lackingPageGiver, serverDesignOf } from '../../../src/scenario/page-giver.js';

const [control, fromPipe, fromFile] = spliceMoved.arms;
assert.ok(control && fromPipe && fromFile);

test('only the arm that gives away pages of a filesystem needs one that does', () => {
  assert.equal(lackingPageGiver(control, '/proc'), undefined);
  assert.equal(lackingPageGiver(fromPipe, '/proc'), undefined);
  assert.match(lackingPageGiver(fromFile, '/proc') ?? '', /f_type 0x9fa0.*ext4, xfs, btrfs with --out/);
});

test('its scratch file is in the run directory', () => {
  assert.deepEqual(serverDesignOf(fromFile, '/run-1'), { splice: { write: 'move', source: '/run-1' } });
  assert.deepEqual(serverDesignOf(fromPipe, '/run-1'), { splice: { write: 'move' } });
  assert.deepEqual(serverDesignOf(control, '/run-1'), {});
});
