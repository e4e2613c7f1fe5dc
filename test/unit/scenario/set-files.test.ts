import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFilesOf, setRecordOf } from '../../../src/scenario/set-files.js';

test('every arm has two files of its own, whose sets are as many folios as they have pages', () => {
  const { stuck, control } = setFilesOf({ index: 3, stuckBytes: 8192, controlBytes: 4097 });
  assert.deepEqual(setRecordOf(control), { path: '/control-3', ino: 0, pages: 2 });
  stuck.ino = 7;
  stuck.bytes = 4096;
  assert.deepEqual(setRecordOf(stuck), { path: '/stuck-3', ino: 7, pages: 1 });
});
