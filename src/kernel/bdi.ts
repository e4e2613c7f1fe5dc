/**
 * /sys/class/bdi/MAJ:MIN: how much dirty memory and readahead one backing device may have.
 * Reads only; whoever changes a value saves it first (DESIGN.md section 4).
 * stable_pages_required is left out: it has been 0 since 5.10, and reading it puts a warning in the kernel log.
 * Authority: mm/backing-dev.c, Documentation/ABI/testing/sysfs-class-bdi.
 */
import { parseCount, readKernelFileIfPresent, unreadable } from './kernel-file.js';

/** As the kernel spells them, oldest first: the fine ratios, the bytes and strict_limit came with 6.2. */
export const bdiAttributes = [
  'read_ahead_kb',
  'min_ratio',
  'max_ratio',
  'min_ratio_fine',
  'max_ratio_fine',
  'min_bytes',
  'max_bytes',
  'strict_limit',
] as const;
export type BdiAttribute = (typeof bdiAttributes)[number];

/** What this kernel has of them. Ratios are percent, the fine ones parts per million. */
export type Bdi = { readonly [name in BdiAttribute]?: number };

interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

export function bdiDirectory(device: DeviceNumber): string {
  return `/sys/class/bdi/${device.major}:${device.minor}`;
}

export function bdiPath(device: DeviceNumber, attribute: BdiAttribute): string {
  return `${bdiDirectory(device)}/${attribute}`;
}

/** The value of one attribute file. */
export function parseBdiAttribute(text: string, file: string): number {
  return parseCount(text.trim(), file, 1, 'a number');
}

export function readBdi(device: DeviceNumber, root = '/'): Bdi {
  const bdi: { [name in BdiAttribute]?: number } = {};
  for (const attribute of bdiAttributes) {
    const file = bdiPath(device, attribute);
    const text = readKernelFileIfPresent(file, root);
    if (text !== undefined) bdi[attribute] = parseBdiAttribute(text, file);
  }
  if (bdi.read_ahead_kb === undefined && bdi.max_ratio === undefined) {
    throw unreadable(bdiDirectory(device), 'the directory of a backing device', undefined);
  }
  return bdi;
}
