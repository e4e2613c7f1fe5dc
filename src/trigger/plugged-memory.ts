/**
 * Memory that comes into the machine while it runs: a DIMM, plugged in as the port of guests of stuckfs is asked for it,
 * and online in ZONE_MOVABLE.  Nothing of the kernel lies there, from early in the boot neither: a zone that is made
 * movable at boot may have reserved pages in its first blocks, and those never go offline.
 * Authority: drivers/acpi/acpi_memhotplug.c; drivers/acpi/sysfs.c (hotplug profiles).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { hotplugPort } from '../base/hotplug.js';
import { PAGE_BYTES } from '../base/page-size.js';
import { patient } from '../base/patience.js';
import { readKernelFileIfPresent } from '../kernel/kernel-file.js';
import { readBlockPages, readDimmBlocks, readMemoryBlocks } from '../kernel/memory-blocks.js';
import { askForHotplug, findHotplugPort } from './hotplug-port.js';

const enabledPath = '/sys/firmware/acpi/hotplug/memory/enabled';
const MIB = 1 << 20;
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

/**
 * Plugs the DIMM in, where it is not yet, and waits until all of it is online in ZONE_MOVABLE.
 * @throws {Error} where that does not come about
 */
export async function plugIn(): Promise<void> {
  const { answer, said, dimmMiB } = askForHotplug('plug');
  if (answer !== 'plugged') throw new Error(`the DIMM was not plugged in: ${said}`);
  const wanted = (dimmMiB * (MIB / PAGE_BYTES)) / (readBlockPages() ?? 1);
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
}
