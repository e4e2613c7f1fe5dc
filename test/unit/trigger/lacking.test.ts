/** What each harmful trigger says that a machine lacks. */
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findCmaRoute } from '../../../src/kernel/cma.js';
import { immovableIn } from '../../../src/kernel/gigantic-pages.js';
import { Kpf } from '../../../src/kernel/kpageflags.js';
import { readDimmBlocks, wordForSameZone } from '../../../src/kernel/memory-blocks.js';
import { lacksCma } from '../../../src/trigger/cma-alloc.js';

import { lacksGiganticPages } from '../../../src/trigger/gigantic-alloc.js';
import { lacksRemovableBlock } from '../../../src/trigger/offline.js';
import { lacksHotplug } from '../../../src/trigger/plugged-memory.js';
import { lacksSoftOffline } from '../../../src/trigger/soft-offline.js';
import { fakeRoot } from '../kernel/fixtures.js';

const memory = '/sys/devices/system/memory';
const block = (number: number, removable: string, zones: string, state = 'online') => ({
  [`${memory}/memory${number}/state`]: `${state}\n`,
  [`${memory}/memory${number}/removable`]: `${removable}\n`,
  [`${memory}/memory${number}/valid_zones`]: `${zones}\n`,
});
const size = { [`${memory}/block_size_bytes`]: '8000000\n' };

describe('offline', () => {
  it('wants a block that is online, removable, and in one zone', (t) => {
    assert.match(lacksRemovableBlock(fakeRoot(t, {})) ?? '', /CONFIG_MEMORY_HOTPLUG/);
    const fixed = fakeRoot(t, { ...size, ...block(0, '0', 'Normal'), ...block(1, '1', 'Normal', 'offline') });
    assert.match(lacksRemovableBlock(fixed) ?? '', /of 2 in .* none is online with removable 1/);
    const straddling = fakeRoot(t, { ...size, ...block(0, '1', 'none') });
    assert.match(lacksRemovableBlock(straddling) ?? '', /valid_zones says none for all 1/);
    const usable = fakeRoot(t, { ...size, ...block(0, '1', 'none'), ...block(1, '1', 'Movable') });
    assert.equal(lacksRemovableBlock(usable), undefined);
  });
});

describe('the way back of an offline block', () => {
  it('is the zone in which it was', (t) => {
    const zones = ['Movable', 'Normal', 'DMA32', 'none', 'Normal Movable'];
    const files = zones.map((zone, number) => block(number, '1', zone));
    const there = fakeRoot(t, Object.assign({}, ...files));
    assert.deepEqual(
      [...zones.keys(), 99].map((number) => wordForSameZone(number, there)),
      ['online_movable', 'online_kernel', 'online_kernel', undefined, undefined, undefined],
    );
  });
});

describe('dimm-unplug', () => {
  const port = (name: string) => ({ '/sys/class/virtio-ports/vport1p4/name': `${name}\n` });
  it('wants the port of a guest whose machine has room for a DIMM, and memory blocks', (t) => {
    assert.match(lacksHotplug(fakeRoot(t, {})) ?? '', /no port stuckfs\.hotplug .*--on vm/);
    assert.match(lacksHotplug(fakeRoot(t, { ...size, ...port('stuckfs.log') })) ?? '', /no port/);
    assert.match(lacksHotplug(fakeRoot(t, port('stuckfs.hotplug'))) ?? '', /CONFIG_MEMORY_HOTPLUG/);
    const there = { ...size, ...port('stuckfs.hotplug') };
    const profile = '/sys/firmware/acpi/hotplug/memory/enabled';
    assert.match(lacksHotplug(fakeRoot(t, there)) ?? '', /CONFIG_ACPI_HOTPLUG_MEMORY/);
    assert.match(lacksHotplug(fakeRoot(t, { ...there, [profile]: '0\n' })) ?? '', /enabled is not 1/);
    assert.equal(lacksHotplug(fakeRoot(t, { ...there, [profile]: '1\n' })), undefined);
  });
  it('takes those blocks for the DIMM that are of an ACPI memory device', (t) => {
    const root = fakeRoot(t, Object.assign({}, ...[0, 9, 10, 11].map((number) => block(number, '1', 'x'))));
    const node = (number: number, name: string) =>
      symlinkSync(`../../../LNXSYSTM:00/${name}`, join(root, `${memory}/memory${number}/firmware_node`));
    node(10, 'PNP0C80:00');
    node(9, 'PNP0C80:00');
    node(11, 'device:12');
    assert.deepEqual(readDimmBlocks(root), [9, 10]);
  });
});

describe('soft-offline', () => {
  const file = `${memory}/soft_offline_page`;
  it('wants CONFIG_MEMORY_FAILURE, and that it is not turned off', (t) => {
    assert.match(
      lacksSoftOffline(fakeRoot(t, {})) ?? '',
      /CONFIG_MEMORY_FAILURE: .*soft_offline_page is not/,
    );
    assert.equal(lacksSoftOffline(fakeRoot(t, { [file]: '' })), undefined);
    const off = { [file]: '', '/proc/sys/vm/enable_soft_offline': '0\n' };
    assert.match(lacksSoftOffline(fakeRoot(t, off)) ?? '', /vm\.enable_soft_offline=1/);
    assert.equal(
      lacksSoftOffline(fakeRoot(t, { ...off, '/proc/sys/vm/enable_soft_offline': '1\n' })),
      undefined,
    );
  });
});

const gigantic = { '/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '0\n' };
const zoneinfo = (startPfn: number, spanned: number) => ({
  '/proc/zoneinfo': [
    'Node 0, zone   Normal',
    '  pages free     1',
    `        spanned  ${spanned}`,
    `        present  ${spanned}`,
    `        managed  ${spanned}`,
    `  start_pfn:           ${startPfn}`,
    '',
  ].join('\n'),
});

describe('gigantic-alloc', () => {
  it('wants pages of 1 GiB, and a zone with a whole one', (t) => {
    assert.match(lacksGiganticPages(fakeRoot(t, zoneinfo(0, 1 << 20))) ?? '', /pdpe1gb/);
    const small = fakeRoot(t, { ...gigantic, ...zoneinfo(4096, 400_000) });
    assert.match(lacksGiganticPages(small) ?? '', /whole aligned gibibyte/);
    assert.equal(lacksGiganticPages(fakeRoot(t, { ...gigantic, ...zoneinfo(1 << 20, 1 << 18) })), undefined);
  });

  it('wants one in which no frame is for ever', (t) => {
    const pages = 1 << 18;
    const flags = new BigUint64Array(3 * pages).fill(1n << BigInt(Kpf.LRU));
    const root = fakeRoot(t, { ...gigantic, ...zoneinfo(pages, 2 * pages), '/proc/kpageflags': '' });
    const lacking = (slabAt: readonly number[]) => {
      const seen = flags.slice();
      for (const pfn of slabAt) seen[pfn] = 1n << BigInt(Kpf.SLAB);
      writeFileSync(join(root, '/proc/kpageflags'), new Uint8Array(seen.buffer));
      return lacksGiganticPages(root);
    };
    assert.equal(lacking([]), undefined);
    assert.equal(immovableIn(pages, root), `gibibyte at pfn 0x40000: nothing that the flags tell`);
    assert.equal(lacking([pages]), undefined);
    assert.equal(lacking([0, 3 * pages - 1]), undefined);
    lacking([pages + 5, pages + 9]);
    assert.equal(immovableIn(pages, root), 'gibibyte at pfn 0x40000: 2 SLAB from pfn 0x40005 on');
    assert.match(lacking([2 * pages - 1, 2 * pages]) ?? '', /each of 2 has holes, or .*hugetlb_cma=1G/);
  });

  it('knows a hole by its having no flags, and what is free by its heads', (t) => {
    const pages = 1 << 18;
    const flags = new BigUint64Array(2 * pages);
    const root = fakeRoot(t, { ...gigantic, ...zoneinfo(pages, pages), '/proc/kpageflags': '' });
    const lacking = () => {
      writeFileSync(join(root, '/proc/kpageflags'), new Uint8Array(flags.buffer));
      return lacksGiganticPages(root);
    };
    assert.match(lacking() ?? '', /each of 1 has holes/);
    for (let pfn = pages; pfn < 2 * pages; pfn += 1024) flags[pfn] = 1n << BigInt(Kpf.BUDDY);
    assert.equal(lacking(), undefined);
    // A page in use splits what is free: more heads, none of them missing.
    flags.fill(1n << BigInt(Kpf.LRU), pages + 1023, pages + 1024);
    assert.equal(lacking(), undefined);
    flags.fill(0n, 2 * pages - 1024);
    assert.match(lacking() ?? '', /each of 1 has holes/);
  });
});

describe('cma-alloc', () => {
  const total = (kb: number) => ({ '/proc/meminfo': `MemTotal: 1 kB\nCmaTotal: ${kb} kB\n` });
  it('wants an area, and a way to it', (t) => {
    assert.match(lacksCma(fakeRoot(t, { '/proc/meminfo': 'MemTotal: 1 kB\n' })) ?? '', /CmaTotal .* absent/);
    assert.match(lacksCma(fakeRoot(t, total(0))) ?? '', /cma=SIZE/);
    const noWay = fakeRoot(t, { ...total(65536), '/dev/dma_heap/system': '' });
    assert.match(lacksCma(noWay) ?? '', /CmaTotal is 65536 kB.*CONFIG_DMABUF_HEAPS_CMA.*hugetlb_cma=1G/);
  });

  it('believes sysfs where /proc/meminfo does not count the area of huge pages', (t) => {
    const area = { ...gigantic, '/sys/kernel/mm/cma/hugetlb0/total_pages': '262144\n' };
    assert.equal(lacksCma(fakeRoot(t, { ...total(0), ...area })), undefined);
    const other = { ...gigantic, '/sys/kernel/mm/cma/reserved/total_pages': '262144\n' };
    assert.match(lacksCma(fakeRoot(t, { ...total(0), ...other })) ?? '', /CmaTotal .* is 0/);
  });

  it('takes a heap before huge pages, and never debugfs, where a killed trigger would leak', (t) => {
    const hugetlb = { ...total(1 << 20), ...gigantic, '/proc/cmdline': 'quiet hugetlb_cma=1G\n' };
    const heap = { ...hugetlb, '/dev/dma_heap/system': '', '/dev/dma_heap/default_cma_region': '' };
    const debugfs = { ...total(65536), '/sys/kernel/debug/cma/reserved/alloc': '' };
    const kinds = [hugetlb, heap, debugfs].map((files) => findCmaRoute(fakeRoot(t, files))?.kind);
    assert.deepEqual(kinds, ['hugetlb', 'dma-heap', undefined]);
    assert.equal(lacksCma(fakeRoot(t, hugetlb)), undefined);
    // Huge pages of 1 GiB without hugetlb_cma= are none of CMA.
    assert.equal(findCmaRoute(fakeRoot(t, { ...hugetlb, '/proc/cmdline': 'cma=1G\n' })), undefined);
  });
});
