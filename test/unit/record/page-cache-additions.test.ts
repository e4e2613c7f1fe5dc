import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageCacheAdditions } from '../../../src/record/page-cache-additions.js';
import { traceLine, traceText } from '../report/trace-text.js';

const added = (device: string, ino: string, pfn: number, offset: number, order = 0) =>
  traceLine(
    7,
    'node',
    1_000_000,
    `mm_filemap_add_to_page_cache: dev ${device} ino ${ino} pfn=0x${pfn.toString(16)} ofs=${offset} order=${order}`,
  );

const file = { device: '0:39', ino: 26, pages: 4 };

test('frames by page index, of one file of one device, whatever their order and size', () => {
  const trace = traceText(
    added('0:39', '1a', 0x100, 0),
    added('0:39', '1b', 0x200, 4096),
    added('8:1', '1a', 0x300, 4096),
    traceLine(7, 'node', 1_000_000, 'mm_migrate_pages_start: mode=MIGRATE_SYNC reason=compaction'),
    added('0:39', '1a', 0x400, 8192, 1),
  );
  assert.deepEqual([...pageCacheAdditions(trace, file)], [0x100, -1, 0x400, 0x401]);
});

test('the last one counts, and what lies beyond the file does not', () => {
  const trace = traceText(
    added('0:39', '1a', 0x100, 0),
    added('0:39', '1a', 0x180, 0),
    added('0:39', '1a', 0x200, 4 * 4096),
  );
  assert.deepEqual([...pageCacheAdditions(trace, file)], [0x180, -1, -1, -1]);
});
