/**
 * Of freshly plugged memory of two gibibytes, one that holds nothing of the kernel's: this process takes what there is
 * of the other, so that what is allocated next comes out of it.  Nothing is moved, and all is given back when the process
 * ends.
 * Authority: __rmqueue_fallback() in mm/page_alloc.c: whatever cannot be moved takes a pageblock of its own, and goes on in
 * that.
 */
import { statSync } from 'node:fs';
import { errnoName } from '../base/errno.js';
import { readPagemap } from '../kernel/pagemap.js';
import * as memory from '../syscall/memory.js';
import { writeValue } from '../syscall/write-value.js';

const HUGE_PAGE_BYTES = 2 << 20;
const SMALL_BYTES = 1 << 20;
const GIGANTIC_PAGES = 1 << 18;
/** Memory blocks come onto the free lists one after the other: it was seen to be given in ascending order. */
const IN_VAIN = 8;
/** Addresses for what is taken in vain, and for what is left of the gibibyte in small pieces. */
const ROOM_BYTES = 256 << 20;
/** Of 192 bytes each. */
const NAMES = 20_000;
const DROP_SLAB = '2';
/** A page table for each huge page's worth of addresses. */
const PAGE_TABLES = 4096;

function mapAnonymous(bytes: number, protection: number): bigint {
  const address = memory.mmap(bytes, protection, memory.MAP_PRIVATE | memory.MAP_ANONYMOUS, -1, 0);
  if (typeof address === 'number') throw new Error(`mmap of ${bytes} bytes: ${errnoName(-address)}`);
  return address;
}

function populate(address: bigint, bytes: number, advice: number): void {
  const result = memory.madvise(address, bytes, advice);
  if (result < 0) throw new Error(`madvise of ${bytes} bytes: ${errnoName(-result)}`);
}

/**
 * Has the kernel take pageblocks for its own use, and gives them back to it: what it takes next it finds there, and
 * not in a gibibyte that is to be emptied.
 */
function leaveRoomForKernel(): void {
  const bytes = PAGE_TABLES * HUGE_PAGE_BYTES;
  // What cannot be written to is not counted as memory that is promised.
  const address = mapAnonymous(bytes, memory.PROT_READ);
  memory.madvise(address, bytes, memory.MADV_NOHUGEPAGE);
  for (let table = 0; table < PAGE_TABLES; table++)
    populate(address + BigInt(table * HUGE_PAGE_BYTES), memory.PAGE_SIZE, memory.MADV_POPULATE_READ);
  memory.munmap(address, bytes);
  // The same for what can be reclaimed: names that there are not.
  for (let name = 0; name < NAMES; name++) statSync(`/stuckfs-none-${name}`, { throwIfNoEntry: false });
  writeValue('/proc/sys/vm/drop_caches', DROP_SLAB);
}

/** Takes pieces of memory until so many in a row have nothing of what is wanted; those are given back in the end. */
class Taker {
  private readonly end: bigint;
  private next: bigint;

  constructor(bytes: number) {
    const mapped = mapAnonymous(bytes + HUGE_PAGE_BYTES, memory.PROT_READ | memory.PROT_WRITE);
    const size = BigInt(HUGE_PAGE_BYTES);
    this.next = ((mapped + size - 1n) / size) * size;
    this.end = this.next + BigInt(bytes);
  }

  /** @returns false where there was no end of it */
  take(pieceBytes: number, advice: number, mostInVain: number, isWanted: (pfn: number) => boolean): boolean {
    memory.madvise(this.next, Number(this.end - this.next), advice);
    const others: bigint[] = [];
    let inVain = 0;
    while (inVain < mostInVain && this.next + BigInt(pieceBytes) <= this.end) {
      const address = this.next;
      this.next += BigInt(pieceBytes);
      populate(address, pieceBytes, memory.MADV_POPULATE_WRITE);
      const { pfns } = readPagemap('self', address, pieceBytes / memory.PAGE_SIZE);
      const isOther = !pfns.some(isWanted);
      inVain = isOther ? inVain + 1 : 0;
      if (isOther) others.push(address);
    }
    // Not before: it would be given again.
    for (const other of others) memory.munmap(other, pieceBytes);
    return inVain === mostInVain;
  }
}

/**
 * @param startPfn of the plugged memory, two gibibytes that are aligned
 * @throws {Error} where the first of them cannot be taken
 */
export function takeFirstGibibyte(startPfn: number): void {
  leaveRoomForKernel();
  const isFirst = (pfn: number) => pfn >= startPfn && pfn < startPfn + GIGANTIC_PAGES;
  const taker = new Taker(GIGANTIC_PAGES * memory.PAGE_SIZE + ROOM_BYTES);
  const isTaken =
    taker.take(HUGE_PAGE_BYTES, memory.MADV_HUGEPAGE, IN_VAIN, isFirst) &&
    // What is left of it is in smaller pieces.
    taker.take(SMALL_BYTES, memory.MADV_NOHUGEPAGE, IN_VAIN, isFirst);
  if (!isTaken)
    throw new Error(`the gibibyte at pfn 0x${startPfn.toString(16)} could not be taken as a whole`);
}
