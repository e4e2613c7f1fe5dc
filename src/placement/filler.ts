/**
 * Locked memory in the free pieces that are smaller than a pageblock, all but a few: what the free scanner of compaction then
 * finds in pageblocks that are partly used is what the ballast frees, and hardly anything that others have left.
 * Authority: __rmqueue_smallest() in mm/page_alloc.c serves base pages out of the smallest pieces first.
 */
import { readMeminfo } from '../kernel/meminfo.js';
import { readPagetypeinfo } from '../kernel/pagetypeinfo.js';
import { PAGE_SIZE } from '../syscall/memory.js';
import { Ballast, type ZoneRange } from './ballast.js';

/** Others allocate and free meanwhile. */
const MOST_ROUNDS = 6;
/** Fewer pages in pieces than this are left to them: about as many as the lists of the CPUs keep. */
const FEW_PAGES = 256;
/** Of what is available at first: a machine that is fragmented through and through is not filled. */
const MOST_SHARE = 0.5;

export class Filler {
  private readonly chunks: Ballast[] = [];

  /** As far as that leaves memory to the machine, and as it helps. */
  fill(zone: ZoneRange): void {
    let budget = availablePages() * MOST_SHARE;
    let before = Number.POSITIVE_INFINITY;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const pieces = pagesInPieces(zone);
      if (pieces <= FEW_PAGES || pieces > budget || pieces >= before) return;
      const chunk = new Ballast(pieces);
      this.chunks.push(chunk);
      chunk.lock();
      budget -= pieces;
      before = pieces;
    }
  }

  release(): void {
    for (const chunk of this.chunks.splice(0)) chunk.release();
  }
}

/** Of movable pageblocks, into which the free scanner looks (suitable_migration_target()). */
function pagesInPieces(zone: ZoneRange): number {
  const { free, pageBlockOrder } = readPagetypeinfo();
  const movable = free.find(
    (list) => list.node === zone.node && list.zone === zone.name && list.migrateType === 'Movable',
  );
  return (movable?.free ?? [])
    .slice(0, pageBlockOrder)
    .reduce((sum, blocks, order) => sum + blocks * 2 ** order, 0);
}

function availablePages(): number {
  return ((readMeminfo().get('MemAvailable') ?? 0) * 1024) / PAGE_SIZE;
}
