import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hasTracePayload,
  parseTracePayload,
  type TracePayloadName,
  tracePayloadNames,
} from '../../../src/kernel/trace-events.js';
import { parseTraceLine } from '../../../src/kernel/trace-line.js';
import { fixture, kernelFileError } from './fixtures.js';

/** Texts as the print fmt of 6.18 gives them. */
const cases: { readonly [name in TracePayloadName]: readonly [string, object] } = {
  mm_compaction_begin: [
    'zone_start=0x1000 migrate_pfn=0x1200 free_pfn=0xffe00 zone_end=0x100000, mode=sync',
    { zoneStartPfn: 0x1000, migratePfn: 0x1200, freePfn: 0xffe00, zoneEndPfn: 0x100000, mode: 'sync' },
  ],
  mm_compaction_end: [
    'zone_start=0x1000 migrate_pfn=0x1200 free_pfn=0xffe00 zone_end=0x100000, mode=async status=complete',
    {
      zoneStartPfn: 0x1000,
      migratePfn: 0x1200,
      freePfn: 0xffe00,
      zoneEndPfn: 0x100000,
      mode: 'async',
      status: 'complete',
    },
  ],
  mm_compaction_isolate_migratepages: [
    'range=(0x194000 ~ 0x194020) nr_scanned=32 nr_taken=31',
    { startPfn: 0x194000, endPfn: 0x194020, nrScanned: 32, nrTaken: 31 },
  ],
  mm_compaction_isolate_freepages: [
    'range=(0x5ffe00 ~ 0x600000) nr_scanned=512 nr_taken=0',
    { startPfn: 0x5ffe00, endPfn: 0x600000, nrScanned: 512, nrTaken: 0 },
  ],
  mm_compaction_migratepages: ['nr_migrated=31 nr_failed=1', { nrMigrated: 31, nrFailed: 1 }],
  mm_compaction_finished: [
    'node=0 zone=DMA32    order=-1 ret=continue',
    { node: 0, zone: 'DMA32', order: -1, result: 'continue' },
  ],
  mm_migrate_pages: [
    'nr_succeeded=31 nr_failed=1 nr_thp_succeeded=2 nr_thp_failed=3 nr_thp_split=4 nr_split=5 mode=MIGRATE_SYNC reason=compaction',
    {
      mode: 'MIGRATE_SYNC',
      reason: 'compaction',
      nrSucceeded: 31,
      nrFailed: 1,
      nrThpSucceeded: 2,
      nrThpFailed: 3,
      nrThpSplit: 4,
      nrSplit: 5,
      counters: new Map([
        ['nr_succeeded', 31],
        ['nr_failed', 1],
        ['nr_thp_succeeded', 2],
        ['nr_thp_failed', 3],
        ['nr_thp_split', 4],
        ['nr_split', 5],
      ]),
    },
  ],
  mm_migrate_pages_start: [
    'mode=MIGRATE_SYNC_LIGHT reason=memory_hotplug',
    { mode: 'MIGRATE_SYNC_LIGHT', reason: 'memory_hotplug' },
  ],
  folio_wait_writeback: ['bdi 0:39: ino=2 index=2022', { bdi: '0:39', ino: 2n, index: 2022 }],
  mm_filemap_add_to_page_cache: [
    'dev 0:39 ino 1f pfn=0x194032 ofs=8192 order=4',
    { major: 0, minor: 39, ino: 31n, pfn: 0x194032, offsetBytes: 8192, order: 4 },
  ],
  mm_filemap_delete_from_page_cache: [
    'dev 254:0 ino 1a2b pfn=0x1140e ofs=0 order=0',
    { major: 254, minor: 0, ino: 0x1a2bn, pfn: 0x1140e, offsetBytes: 0, order: 0 },
  ],
  mm_page_pcpu_drain: [
    'page=000000008a9f5c14 pfn=0x1140e order=0 migratetype=1',
    { pfn: 0x1140e, order: 0, migratetype: 1 },
  ],
  fuse_request_send: [
    'connection 39 req 18446744073709551614 opcode 16 (FUSE_WRITE) len 1048656 ',
    { connection: 39, unique: 18446744073709551614n, opcode: 16, lenBytes: 1048656 },
  ],
  fuse_request_end: [
    'connection 39 req 4 len 16 error -103',
    { connection: 39, unique: 4n, lenBytes: 16, error: -103 },
  ],
};

for (const name of tracePayloadNames) {
  test(`${name}: every field, and a text that is cut off is malformed`, () => {
    const [payload, expected] = cases[name];
    assert.deepEqual(parseTracePayload(name, payload), expected);
    const cut = payload.slice(0, Math.floor(payload.length / 2));
    assert.throws(
      () => parseTracePayload(name, cut),
      kernelFileError('KERNEL_FILE_MALFORMED', { file: name }),
    );
  });
}

test('the captured lines of 6.18 that have a payload are understood', () => {
  const seen = new Set<string>();
  for (const line of fixture('trace-6.18').trimEnd().split('\n')) {
    const parsed = parseTraceLine(line);
    if (parsed.kind !== 'event' || !hasTracePayload(parsed.event)) continue;
    parseTracePayload(parsed.event, parsed.payload);
    seen.add(parsed.event);
  }
  assert.deepEqual([...seen].sort(), ['folio_wait_writeback', 'mm_filemap_add_to_page_cache']);
});

test('6.1: no nr_split, so it is absent', () => {
  const payload = parseTracePayload(
    'mm_migrate_pages',
    'nr_succeeded=0 nr_failed=728 nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0 mode=MIGRATE_SYNC reason=contig_range',
  );
  assert.equal(payload.nrFailed, 728);
  assert.equal(payload.nrSplit, undefined);
  assert.equal(payload.reason, 'contig_range');
});

test('counters that are newer than this program are kept under their own names', () => {
  const payload = parseTracePayload(
    'mm_migrate_pages',
    'nr_succeeded=1 nr_failed=2 nr_large_folio_succeeded=9 mode=MIGRATE_ASYNC reason=demotion',
  );
  assert.equal(payload.counters.get('nr_large_folio_succeeded'), 9);
  assert.equal(payload.nrThpFailed, undefined);
});

test('the old text of mm_filemap_add_to_page_cache, with a decimal pfn and no order', () => {
  assert.deepEqual(
    parseTracePayload(
      'mm_filemap_add_to_page_cache',
      'dev 8:1 ino ff page=00000000abcdef01 pfn=100 ofs=4096',
    ),
    { major: 8, minor: 1, ino: 255n, pfn: 100, offsetBytes: 4096 },
  );
});

test('an inode of 64 bits is exact, and a number beyond 2^53 is malformed', () => {
  assert.equal(
    parseTracePayload('folio_wait_writeback', 'bdi (unknown): ino=18446744073709551615 index=0').ino,
    2n ** 64n - 1n,
  );
  assert.throws(
    () => parseTracePayload('folio_wait_writeback', 'bdi 0:39: ino=1 index=18446744073709551615'),
    kernelFileError('KERNEL_FILE_MALFORMED', { expected: /index/ }),
  );
});

test('names that are no event of ours, inherited ones too, have no payload', () => {
  assert.equal(hasTracePayload('sched_switch'), false);
  assert.equal(hasTracePayload('constructor'), false);
});
