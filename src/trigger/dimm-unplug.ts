/**
 * `dimm-unplug`: a DIMM, plugged in before and online in ZONE_MOVABLE, so that the sets came to lie in it, is unplugged
 * again.  The machine does it (device_del over QMP) as it is asked to over a port that only guests of stuckfs have; ACPI
 * tells the kernel, and its hotplug worker takes each memory block offline, and cannot be stopped by a signal.
 * What this process sees: what QEMU said, and that the blocks are gone.
 * Authority: acpi_scan_hot_remove() in drivers/acpi/scan.c, offline_pages() and do_migrate_range() in
 * mm/memory_hotplug.c (MIGRATE_SYNC, MR_MEMORY_HOTPLUG).
 */
import { Errno } from '../base/errno.js';
import { readBlockPages, readDimmBlocks } from '../kernel/memory-blocks.js';
import { askForHotplug } from './hotplug-port.js';
import { lacksHotplug, plugIn } from './plugged-memory.js';
import type { Trigger } from './trigger.js';

function blockPages(): number {
  return readBlockPages() ?? 1;
}

export const dimmUnplug: Trigger = {
  id: 'dimm-unplug',
  description: 'hot-unplug of the DIMM that holds the sets, over QMP: the kernel takes its blocks offline',
  migrateModes: ['MIGRATE_SYNC'],
  migrateReason: 'memory_hotplug',
  kernelFunction: 'offline_pages',
  harmsHost: true,
  reach: 'asked',
  byWorker: true,
  goesOn: true,
  answers: [{ errno: Errno.EBUSY, means: 'the guest kernel keeps the DIMM (_OST)' }],
  missing: () => lacksHotplug(),
  async bringMemory() {
    await plugIn();
    return true;
  },
  pull() {
    const blocks = readDimmBlocks();
    const pages = blockPages();
    const asked = blocks.map((block) => [block * pages, (block + 1) * pages] as const);
    const { answer, said } = askForHotplug('unplug');
    const left = new Set(readDimmBlocks());
    const blocksLeft = blocks.filter((block) => left.has(block)).length;
    return {
      result: resultOf(answer, blocksLeft),
      asked,
      unplugged: { said, blocks: blocks.length, blocksLeft },
    };
  },
};

function resultOf(answer: ReturnType<typeof askForHotplug>['answer'], blocksLeft: number): number {
  switch (answer) {
    case 'unplugged':
      return blocksLeft === 0 ? 0 : -Errno.EIO;
    case 'refused':
      return -Errno.EBUSY;
    case 'no-answer':
      return -Errno.ETIMEDOUT;
    default:
      return -Errno.EIO;
  }
}
