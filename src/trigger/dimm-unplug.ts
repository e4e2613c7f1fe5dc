/**
 * `dimm-unplug`: a DIMM, plugged in before and online in ZONE_MOVABLE, so that the sets came to lie in it, is unplugged
 * again.  The machine does it (device_del over QMP) as it is asked to over a port that only guests of stuckfs have; ACPI
 * tells the kernel, and its hotplug worker takes each memory block offline, and cannot be stopped by a signal.
 * What this process sees: what QEMU said, and that the blocks are gone.
 * Authority: acpi_scan_hot_remove() in drivers/acpi/scan.c, offline_pages() and do_migrate_range() in
 * mm/memory_hotplug.c (MIGRATE_SYNC, MR_MEMORY_HOTPLUG); drivers/acpi/sysfs.c (hotplug profiles).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Errno } from '../base/errno.js';
import { hotplugPort } from '../base/hotplug.js';
import { PAGE_BYTES } from '../base/page-size.js';
import { patient } from '../base/patience.js';
import { readKernelFileIfPresent } from '../kernel/kernel-file.js';
import { readBlockPages, readDimmBlocks, readMemoryBlocks } from '../kernel/memory-blocks.js';
import { askForHotplug, findHotplugPort } from './hotplug-port.js';
import type { Trigger } from './trigger.js';

const enabledPath = '/sys/firmware/acpi/hotplug/memory/enabled';
const ONLINE_MS = 20_000;
const POLL_MS = 100;

export function lacksHotplug(root = '/'): string | undefined {
  if (findHotplugPort(root) === undefined)
    return `needs a machine that plugs memory in and out as it is asked: no port ${hotplugPort} (run it with --on vm)`;
  if (readBlockPages(root) === undefined)
    return 'needs memory blocks: /sys/devices/system/memory is not there (CONFIG_MEMORY_HOTPLUG)';
  if (readKernelFileIfPresent(enabledPath, root)?.trim() !== '1')
    return `needs ACPI's memory hotplug: ${enabledPath} is not 1 (CONFIG_ACPI_HOTPLUG_MEMORY)`;
  return undefined;
}

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
  answers: [{ errno: Errno.EBUSY, means: 'the guest kernel keeps the DIMM (_OST)' }],
  missing: () => lacksHotplug(),
  async bringMemory() {
    const { answer, said, dimmMiB } = askForHotplug('plug');
    if (answer !== 'plugged') throw new Error(`the DIMM was not plugged in: ${said}`);
    const wanted = (dimmMiB << 20) / PAGE_BYTES / blockPages();
    const endMs = performance.now() + patient(ONLINE_MS);
    for (;;) {
      const ofDimm = new Set(readDimmBlocks());
      const blocks = readMemoryBlocks().filter(({ block }) => ofDimm.has(block));
      const usable = blocks.filter(({ state, validZones }) => state === 'online' && validZones === 'Movable');
      if (usable.length >= wanted) return;
      if (performance.now() > endMs)
        throw new Error(`of the DIMM's ${wanted} memory blocks ${usable.length} are online in ZONE_MOVABLE`);
      await delay(POLL_MS);
    }
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
