/**
 * Locked memory in the free pieces that are smaller than a pageblock: what the free scanner of compaction then
 * finds in pageblocks that are partly used is what the ballast frees, and hardly anything that others have left.
 * Authority: __rmqueue_smallest() in mm/page_alloc.c serves base pages out of the smallest pieces first.
 */
import { readMeminfo } from '../kernel/meminfo.js';
import { readPagetypeinfo } from '../kernel/pagetypeinfo.js';
import { PAGE_SIZE } from '../syscall/memory.js';
import { Ballast, type ZoneRange } from './ballast.js';

/**
 * Others allocate and free meanwhile, and each CPU takes from the buddy lists by the batch: what that leaves of a pageblock that
 * was whole is taken next.
 */
const MOST_ROUNDS = 12;
/** Of what is available at first: a machine that is fragmented through and through is not filled. */
const MOST_SHARE = 0.5;

export class Filler {
  private readonly chunks: Ballast[] = [];

  /**
   * At least once, and until no piece of this order or a higher one is left, as far as that leaves memory to the machine.  The last ones are the
   * largest, in which folios of that order could be put.
   */
  fill(zone: ZoneRange, order: number): void {
    let budget = availablePages() * MOST_SHARE;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const pieces = freePieces(zone);
      const pages = pagesOf(pieces);
      if ((round > 0 && pagesOf(pieces, order) === 0) || pages === 0 || pages > budget) return;
      const chunk = new Ballast(pages);
      this.chunks.push(chunk);
      chunk.lock();
      budget -= pages;
    }
  }

  release(): void {
    for (const chunk of this.chunks.splice(0)) chunk.release();
  }
}

/** How many of each order, in movable pageblocks, into which the free scanner looks (suitable_migration_target()). */
function freePieces(zone: ZoneRange): readonly number[] {
  const { free, pageBlockOrder } = readPagetypeinfo();
  const movable = free.find(
    (list) => list.node === zone.node && list.zone === zone.name && list.migrateType === 'Movable',
  );
  return (movable?.free ?? []).slice(0, pageBlockOrder);
}

/** In pieces of at least this order. */
function pagesOf(pieces: readonly number[], leastOrder = 0): number {
  return pieces.reduce((sum, count, order) => (order < leastOrder ? sum : sum + count * 2 ** order), 0);
}

function availablePages(): number {
  return ((readMeminfo().get('MemAvailable') ?? 0) * 1024) / PAGE_SIZE;
}
