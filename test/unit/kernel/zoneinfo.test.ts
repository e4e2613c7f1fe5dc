import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseZoneinfo, readZoneinfo } from '../../../src/kernel/zoneinfo.js';
import { fakeRoot, fixture, kernelFileError } from './fixtures.js';

test('6.18: zones with their extent, counters and the counters of the node', () => {
  const zones = parseZoneinfo(fixture('zoneinfo-6.18'));
  assert.deepEqual(
    zones.map(({ node, name, startPfn, spanned, present }) => ({ node, name, startPfn, spanned, present })),
    [
      { node: 0, name: 'DMA', startPfn: 1, spanned: 4095, present: 3998 },
      { node: 0, name: 'DMA32', startPfn: 4096, spanned: 1044480, present: 782336 },
      { node: 0, name: 'Normal', startPfn: 1048576, spanned: 5505024, present: 5505024 },
      { node: 0, name: 'Movable', startPfn: undefined, spanned: 0, present: 0 },
      { node: 0, name: 'Device', startPfn: undefined, spanned: 0, present: 0 },
    ],
  );
  const [dma, dma32] = zones;
  assert.equal(dma?.free, 3840);
  assert.equal(dma?.managed, 3840);
  assert.equal(dma?.counters.get('nr_free_pages'), 3840);
  assert.equal(dma?.counters.get('nr_writeback'), undefined);
  assert.equal(dma?.nodeCounters?.get('nr_writeback'), 0);
  assert.equal(dma?.watermarks.get('promo'), 78);
  assert.equal(dma?.watermarks.has('free'), false);
  assert.equal(dma32?.nodeCounters, undefined);
  assert.equal(dma32?.counters.has('high_min'), false);
});

test('6.1 with two nodes: no promo watermark, an empty zone has no start', () => {
  const zones = parseZoneinfo(fixture('zoneinfo-6.1'));
  assert.deepEqual(
    zones.map((zone) => [zone.node, zone.name, zone.startPfn, zone.nodeCounters?.get('nr_inactive_anon')]),
    [
      [0, 'DMA', 1, 1000],
      [0, 'Normal', undefined, undefined],
      [1, 'Normal', 524288, 7],
    ],
  );
  assert.equal(zones[0]?.watermarks.get('promo'), undefined);
  assert.equal(zones[0]?.watermarks.get('high'), 96);
  assert.equal(zones[0]?.counters.get('nr_bounce'), 0);
});

test('what is missing or odd is named with its line', (t) => {
  const text = fixture('zoneinfo-6.1');
  assert.throws(
    () => parseZoneinfo(text.replace('        spanned  4095\n', '')),
    kernelFileError('KERNEL_FILE_MALFORMED', { line: 1, expected: /spanned.*DMA/ }),
  );
  assert.throws(
    () => parseZoneinfo(text.replace('nr_bounce    0', 'nr_bounce    none')),
    kernelFileError('KERNEL_FILE_MALFORMED', { line: 18 }),
  );
  assert.throws(
    () => parseZoneinfo('  pages free 1\n'),
    kernelFileError('KERNEL_FILE_MALFORMED', { line: 1 }),
  );
  assert.throws(() => parseZoneinfo(''), kernelFileError('KERNEL_FILE_MALFORMED'));
  assert.throws(() => readZoneinfo(fakeRoot(t, {})), kernelFileError('KERNEL_FILE_UNREADABLE', { errno: 2 }));
});
