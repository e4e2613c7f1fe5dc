/**
 * Locked memory in every free piece that is smaller than a pageblock: what the free scanner of compaction then finds in
 * pageblocks that are partly used is what the ballast frees, and nothing that others have left.
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
/** Of what is available: a machine that is fragmented through and through is not filled. */
const MOST_SHARE = 0.5;

export class Filler {
  private readonly chunks: Ballast[] = [];

  /** @returns how many pages in pieces are left */
  fill(zone: ZoneRange): number {
    let pieces = pagesInPieces(zone);
    for (let round = 0; round < MOST_ROUNDS && pieces > FEW_PAGES; round++) {
      if (pieces > availablePages() * MOST_SHARE) return pieces;
      const chunk = new Ballast(pieces);
      this.chunks.push(chunk);
      chunk.lock();
      pieces = pagesInPieces(zone);
    }
    return pieces;
  }

  release(): void {
    for (const chunk of this.chunks.splice(0)) chunk.release();
  }
}

/** Of movable pageblocks only: the free scanner looks into no others (suitable_migration_target()). */
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
