import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureInLog } from '../../../src/report/offline-log.js';

const dmesg = [
  '<4>[   40.100000] migrating pfn 4c001 failed ret:1 ',
  '<4>[   40.100001] page: refcount:4 mapcount:1 mapping:00000000deadbeef index:0x1 pfn:0x4c001',
  '<4>[   40.100009] migrating pfn 4c002 failed ret:-16',
  '',
].join('\n');

test('the first failure of one of these frames is found, whatever else the log has', () => {
  assert.deepEqual(failureInLog(dmesg, Float64Array.of(0x4c002, 0x4c003)), {
    pfn: 0x4c002,
    text: 'migrating pfn 4c002 failed ret:-16',
  });
  assert.equal(failureInLog(dmesg, Float64Array.of(1, -1)), undefined);
  assert.equal(failureInLog('', Float64Array.of(0x4c001)), undefined);
});
