/**
 * `offline`: the memory block that holds most of the stuck set is taken offline, and put online again afterwards, in
 * the zone in which it was.
 * offline_pages() goes over the block until it is empty or a signal comes: there is no giving up.
 * Where the machine plugs memory in, the sets come to lie in that: whatever else it holds can be moved.
 * Authority: memory_subsys_offline() in drivers/base/memory.c, offline_pages() and do_migrate_range() in
 * mm/memory_hotplug.c (MIGRATE_SYNC, MR_MEMORY_HOTPLUG).
 */
import { Errno } from '../base/errno.js';
import {
  blockStatePath,
  blockWithMost,
  readBlockPages,
  readMemoryBlocks,
  wordForSameZone,
} from '../kernel/memory-blocks.js';
import { writeValue } from '../syscall/write-value.js';
import { findHotplugPort } from './hotplug-port.js';
import { lacksHotplug, plugIn } from './plugged-memory.js';
import type { Trigger } from './trigger.js';

export function lacksRemovableBlock(root = '/'): string | undefined {
  if (readBlockPages(root) === undefined)
    return 'needs memory blocks: /sys/devices/system/memory is not there (CONFIG_MEMORY_HOTPLUG)';
  const blocks = readMemoryBlocks(root);
  const usable = blocks.filter(({ state, removable }) => state === 'online' && removable);
  if (usable.length === 0)
    return (
      `needs a removable memory block: of ${blocks.length} in /sys/devices/system/memory none is online with ` +
      'removable 1 (CONFIG_MEMORY_HOTREMOVE)'
    );
  if (usable.some(({ validZones }) => validZones !== 'none')) return undefined;
  return (
    `needs a memory block that lies in one zone: valid_zones says none for all ${usable.length} ` +
    '(memory with holes, or smaller than a block: a VM with more memory)'
  );
}

function target(stuckPfns: Float64Array): { readonly block: number; readonly pages: number } | undefined {
  const pages = readBlockPages();
  const block = pages === undefined ? undefined : blockWithMost(stuckPfns, pages);
  return pages === undefined || block === undefined ? undefined : { block, pages };
}

function canPlugIn(): boolean {
  return findHotplugPort() !== undefined;
}

export const offline: Trigger = {
  id: 'offline',
  description: 'offline of the memory block that holds most of the stuck set, then online again',
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'memory_hotplug',
  kernelFunction: 'offline_pages',
  harmsHost: true,
  reach: 'asked',
  goesOn: true,
  answers: [
    { errno: Errno.EBUSY, means: 'the block has pages that cannot be moved (start_isolate_page_range())' },
    { errno: Errno.EINTR, means: 'offline_pages() went on until a signal came' },
    { errno: Errno.EAGAIN, means: 'a notifier refused' },
  ],
  missing: () => (canPlugIn() ? lacksHotplug() : lacksRemovableBlock()),
  async bringMemory() {
    if (!canPlugIn()) return false;
    await plugIn();
    return true;
  },
  changes({ stuckPfns }) {
    const found = target(stuckPfns);
    if (found === undefined) return [];
    const putBackWith = wordForSameZone(found.block);
    const change = { path: blockStatePath(found.block), value: 'offline' };
    return [putBackWith === undefined ? change : { ...change, putBackWith }];
  },
  pull({ stuckPfns }) {
    const found = target(stuckPfns);
    if (found === undefined) return { result: -Errno.ENODEV };
    const { block, pages } = found;
    const result = writeValue(blockStatePath(block), 'offline');
    return { result, asked: [[block * pages, (block + 1) * pages]] };
  },
};
