/**
 * /proc/PID/pagemap: which page frame backs each page of a process's memory.
 * Without CAP_SYS_ADMIN the kernel hides the frames (pfn 0), which shows here as present with pfn -1.
 * Authority: fs/proc/task_mmu.c (PM_*), Documentation/admin-guide/mm/pagemap.rst.
 */
import { highWord, lowWord, withEntryFile } from './entry-file.js';
import { malformed } from './kernel-file.js';

/** Bits of `flags`: the kernel's PM_* (55 to 63 of the entry), counted from bit 55. */
export const PagemapFlag = {
  SOFT_DIRTY: 1 << 0,
  /** Mapped by this process alone. */
  MMAP_EXCLUSIVE: 1 << 1,
  UFFD_WP: 1 << 2,
  GUARD_REGION: 1 << 3,
  /** A page of a file, or shared anonymous memory. */
  FILE: 1 << 6,
  /** Swapped, or a migration entry: the page is being moved this moment, even where there is no swap. */
  SWAP: 1 << 7,
  PRESENT: 1 << 8,
} as const;

/** Index i stands for the page at start + i * 4096. */
export interface PagemapRange {
  /** PagemapFlag bits. */
  readonly flags: Uint16Array;
  /** The page frame of a present page whose frame the kernel shows; -1 for every other. */
  readonly pfns: Float64Array;
  /** Swap type (low five bits of the entry) of a page that has SWAP; 255 for every other. */
  readonly swapTypes: Uint8Array;
}

const pageBytes = 4096;

/** Decodes raw entries. Exported for who has them from elsewhere. */
export function parsePagemap(entries: BigUint64Array): PagemapRange {
  const words = new Uint32Array(entries.buffer, entries.byteOffset, entries.length * 2);
  const flags = new Uint16Array(entries.length);
  const pfns = new Float64Array(entries.length).fill(-1);
  const swapTypes = new Uint8Array(entries.length).fill(255);
  for (let index = 0; index < entries.length; index++) {
    const low = words[2 * index + lowWord] ?? 0;
    const high = words[2 * index + highWord] ?? 0;
    const bits = high >>> 23;
    flags[index] = bits;
    if ((bits & PagemapFlag.PRESENT) !== 0) {
      const pfn = (high & 0x7fffff) * 2 ** 32 + low;
      if (pfn !== 0) pfns[index] = pfn;
    } else if ((bits & PagemapFlag.SWAP) !== 0) swapTypes[index] = low & 0x1f;
  }
  return { flags, pfns, swapTypes };
}

/**
 * The pages [start, start + nrPages * 4096) of a process.
 * @param start virtual address, a multiple of 4096
 */
export function readPagemap(
  pid: number | 'self',
  start: number | bigint,
  nrPages: number,
  root = '/',
): PagemapRange {
  const file = `/proc/${pid}/pagemap`;
  const address = Number(start);
  if (!Number.isSafeInteger(address) || address % pageBytes !== 0) {
    throw malformed(file, undefined, 'a start address that is a multiple of 4096', `0x${start.toString(16)}`);
  }
  return parsePagemap(withEntryFile(file, root, (pagemap) => pagemap.read(address / pageBytes, nrPages)));
}
