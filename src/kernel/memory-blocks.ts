/**
 * /sys/devices/system/memory: the blocks of memory that can be taken offline, and which frames are in one.
 * Authority: drivers/base/memory.c (block_size_bytes is hexadecimal; `removable` is 1 with CONFIG_MEMORY_HOTREMOVE).
 */
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { PAGE_BYTES } from '../base/page-size.js';
import {
  listKernelDirectory,
  malformed,
  readKernelFile,
  readKernelFileIfPresent,
  underRoot,
} from './kernel-file.js';

const directory = '/sys/devices/system/memory';

export const blockStatePath = (block: number) => `${directory}/memory${block}/state`;

/** undefined where this kernel has no memory blocks. */
export function readBlockPages(root = '/'): number | undefined {
  const file = `${directory}/block_size_bytes`;
  const text = readKernelFileIfPresent(file, root)?.trim();
  if (text === undefined) return undefined;
  const pages = /^[0-9a-f]+$/.test(text) ? Number(`0x${text}`) / PAGE_BYTES : 0;
  if (!Number.isSafeInteger(pages) || pages === 0)
    throw malformed(file, 1, 'a size in hexadecimal, of whole pages', text);
  return pages;
}

export interface MemoryBlock {
  readonly block: number;
  readonly state: string;
  readonly removable: boolean;
  /** The zone in which it is, or might go online; `none` for one that lies in two. */
  readonly validZones: string;
}

export function readMemoryBlocks(root = '/'): MemoryBlock[] {
  return listKernelDirectory(directory, root)
    .flatMap((name) => {
      const digits = /^memory(\d+)$/.exec(name)?.[1];
      return digits === undefined ? [] : [Number(digits)];
    })
    .sort((a, b) => a - b)
    .map((block) => {
      const read = (name: string) => readKernelFileIfPresent(`${directory}/memory${block}/${name}`, root);
      return {
        block,
        state: readKernelFile(blockStatePath(block), root).trim(),
        removable: read('removable')?.trim() === '1',
        validZones: read('valid_zones')?.trim() ?? 'none',
      };
    });
}

/**
 * The word that takes an online block back to its zone once it is offline: `online` alone takes the zone that the kernel
 * prefers then.  undefined where it lies in none or in several.
 * Authority: Documentation/admin-guide/mm/memory-hotplug.rst (valid_zones of an online block is the zone it is in).
 */
export function wordForSameZone(block: number, root = '/'): 'online_movable' | 'online_kernel' | undefined {
  const zone = readKernelFileIfPresent(`${directory}/memory${block}/valid_zones`, root)?.trim() ?? '';
  if (zone === '' || zone === 'none' || zone.includes(' ')) return undefined;
  return zone === 'Movable' ? 'online_movable' : 'online_kernel';
}

/**
 * The blocks of memory that came as ACPI memory devices: those that the machine can take out again.
 * Authority: acpi_bind_memblk() in drivers/acpi/acpi_memhotplug.c (firmware_node).
 */
export function readDimmBlocks(root = '/'): number[] {
  return listKernelDirectory(directory, root)
    .flatMap((name) => {
      const digits = /^memory(\d+)$/.exec(name)?.[1];
      const node = digits === undefined ? undefined : firmwareNodeOf(name, root);
      return node?.startsWith('PNP0C80:') ? [Number(digits)] : [];
    })
    .sort((a, b) => a - b);
}

function firmwareNodeOf(name: string, root: string): string | undefined {
  try {
    return basename(readlinkSync(underRoot(root, `${directory}/${name}/firmware_node`)));
  } catch {
    // Not of ACPI, or gone since it was listed.
    return undefined;
  }
}

/** The block that has most of these frames; undefined where none is known. */
export function blockWithMost(pfns: Float64Array, blockPages: number): number | undefined {
  const counts = new Map<number, number>();
  for (const pfn of pfns) {
    if (pfn < 0) continue;
    const block = Math.floor(pfn / blockPages);
    counts.set(block, (counts.get(block) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
