import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstMoved } from '../../../src/report/first-moved.js';
import { isolated, migrated, traceLine, traceText } from './trace-text.js';

const TRIGGER = 7;
const left = [0x1000, 0x1001, 0x1002, 0x1003];
const [start, end] = [0x1000, 0x1004];

const at = (us: number, payload: string, pid = TRIGGER) => traceLine(pid, 'node', us, payload);
const moved = (...lines: readonly string[]) => firstMoved(traceText(...lines), TRIGGER, 100, left);

test('where only the set was taken and some of it moved', () => {
  assert.equal(moved(at(110, isolated(start, end)), at(120, migrated(3, 1))), 120);
});

test('not where others beside it may be what moved, but in the next batch', () => {
  const mixed = [at(110, isolated(start - 100, end)), at(120, migrated(50, 4))];
  assert.equal(moved(...mixed), undefined);
  assert.equal(moved(...mixed, at(130, isolated(start, end)), at(140, migrated(4, 0))), 140);
});

test('where more moved than there are other frames', () => {
  const batch = (succeeded: number) => [at(110, isolated(start - 8, end)), at(120, migrated(succeeded, 2))];
  assert.equal(moved(...batch(9)), 120);
  assert.equal(moved(...batch(8)), undefined);
});

test('where all moved that was taken, unless the set may have been taken by somebody else', () => {
  const all = [at(110, isolated(start - 100, end)), at(120, migrated(32, 0))];
  assert.equal(moved(...all), 120);
  for (const pid of [TRIGGER, 8]) assert.equal(moved(...all, at(130, isolated(start, end), pid)), undefined);
  assert.equal(moved(at(90, isolated(start, end), 8), at(95, migrated(0, 4), 8), ...all), 120);
});

test('not by another task, not before the act, not elsewhere, and not where nothing was taken', () => {
  assert.equal(moved(at(110, isolated(start, end), 8), at(120, migrated(4, 0), 8)), undefined);
  assert.equal(moved(at(80, isolated(start, end)), at(90, migrated(4, 0))), undefined);
  assert.equal(moved(at(110, isolated(end, end + 9)), at(120, migrated(4, 0))), undefined);
  const none = isolated(start, end).replace('nr_taken=32', 'nr_taken=0');
  assert.equal(moved(at(110, none), at(115, isolated(0, 9)), at(120, migrated(4, 0))), undefined);
});

test('a line of another task that cannot be read leaves it open', () => {
  const odd = at(105, 'mm_migrate_pages: nr_moved=1', 8);
  assert.equal(moved(odd, at(110, isolated(start, end)), at(120, migrated(4, 0))), undefined);
});
