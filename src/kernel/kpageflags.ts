/**
 * /proc/kpageflags: the flags of each page frame, under the kernel's own names.
 * Flags are a snapshot: they may have changed before the read returns.
 * Authority: include/uapi/linux/kernel-page-flags.h (0 to 26), include/linux/kernel-page-flags.h (32 and up),
 * fs/proc/page.c (stable_page_flags).
 */
import { highWord, lowWord, withEntryFile } from './entry-file.js';

/** Bit numbers. From 32 on they are the kernel's own business and may change meaning between releases. */
export const Kpf = {
  LOCKED: 0,
  /** Recent kernels never set it. */
  ERROR: 1,
  REFERENCED: 2,
  UPTODATE: 3,
  DIRTY: 4,
  LRU: 5,
  ACTIVE: 6,
  SLAB: 7,
  WRITEBACK: 8,
  RECLAIM: 9,
  BUDDY: 10,
  MMAP: 11,
  ANON: 12,
  SWAPCACHE: 13,
  SWAPBACKED: 14,
  COMPOUND_HEAD: 15,
  COMPOUND_TAIL: 16,
  HUGE: 17,
  UNEVICTABLE: 18,
  HWPOISON: 19,
  /** A hole: no page frame has this number. */
  NOPAGE: 20,
  KSM: 21,
  THP: 22,
  OFFLINE: 23,
  ZERO_PAGE: 24,
  IDLE: 25,
  PGTABLE: 26,
  RESERVED: 32,
  MLOCKED: 33,
  /** MAPPEDTODISK on older kernels. */
  OWNER_2: 34,
  PRIVATE: 35,
  PRIVATE_2: 36,
  OWNER_PRIVATE: 37,
  ARCH: 38,
  UNCACHED: 39,
  SOFTDIRTY: 40,
  ARCH_2: 41,
  ARCH_3: 42,
} as const;
export type KpfName = keyof typeof Kpf;

const kpfNames = Object.keys(Kpf) as KpfName[];
const kpageflags = '/proc/kpageflags';

/** A mask for the two halves of an entry, as `scanKpageflags` hands them out. */
export function kpfMask(...names: KpfName[]): { readonly low: number; readonly high: number } {
  let low = 0;
  let high = 0;
  for (const name of names) {
    const bit = Kpf[name];
    if (bit < 32) low |= 1 << bit;
    else high |= 1 << (bit - 32);
  }
  return { low, high };
}

export function hasKpf(bits: bigint, name: KpfName): boolean {
  return ((bits >> BigInt(Kpf[name])) & 1n) === 1n;
}

/** The names of the bits that are set, lowest first; a bit without a name here is `bitN`. */
export function kpfNamesOf(bits: bigint): string[] {
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if (((bits >> BigInt(bit)) & 1n) === 0n) continue;
    names.push(kpfNames.find((name) => Kpf[name] === bit) ?? `bit${bit}`);
  }
  return names;
}

/** The flags of the frames [startPfn, startPfn + nrPages). */
export function readKpageflags(startPfn: number, nrPages: number, root = '/'): BigUint64Array {
  return withEntryFile(kpageflags, root, (file) => file.read(startPfn, nrPages));
}

/** The flags of each frame, in the order given. Sorted lists are read in the fewest calls. */
export function readKpageflagsOf(pfns: ArrayLike<number>, root = '/'): BigUint64Array {
  return withEntryFile(kpageflags, root, (file) => file.readEach(pfns));
}

const chunkPages = 131072;

/**
 * Walks the frames [startPfn, startPfn + nrPages) in chunks and calls `visit` with the low and the high 32 bits
 * of each. Answers how many there were: fewer than asked where the last frame of the machine comes before.
 */
export function scanKpageflags(
  startPfn: number,
  nrPages: number,
  visit: (pfn: number, low: number, high: number) => void,
  root = '/',
): number {
  return withEntryFile(kpageflags, root, (file) => {
    const chunk = new BigUint64Array(Math.min(chunkPages, nrPages));
    const words = new Uint32Array(chunk.buffer);
    for (let done = 0; done < nrPages; ) {
      const want = Math.min(chunk.length, nrPages - done);
      const first = startPfn + done;
      const got = file.readInto(want === chunk.length ? chunk : chunk.subarray(0, want), first);
      for (let index = 0; index < got; index++) {
        visit(first + index, words[2 * index + lowWord] ?? 0, words[2 * index + highWord] ?? 0);
      }
      done += got;
      if (got < want) return done;
    }
    return nrPages;
  });
}
