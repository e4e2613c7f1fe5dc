/** How much memory a run takes, and how much there is. */
import { PAGE_BYTES } from '../base/page-size.js';
import { readMeminfo } from '../kernel/meminfo.js';
import { readZoneinfo } from '../kernel/zoneinfo.js';
import { leastBallastPages } from '../placement/plan.js';

/** Movable pages that lie about already: they compete for the room that the migrate scanner's finds are moved to. */
export function lruPagesOfLargestZone(): number {
  const lists = [
    'nr_zone_inactive_anon',
    'nr_zone_active_anon',
    'nr_zone_inactive_file',
    'nr_zone_active_file',
  ];
  const sums = readZoneinfo().map((zone) =>
    lists.reduce((sum, list) => sum + (zone.counters.get(list) ?? 0), 0),
  );
  return Math.max(...sums);
}

/** 3 GiB: to take more would cost seconds. */
const MOST_BALLAST_PAGES = 786_432;

/**
 * As much ballast as can be had without harm: with most of the free pages of the largest zone to choose from, the
 * landing is among its lowest.  What the kernel has not initialised yet (deferred_init) does not count as free.
 */
export function generousBallastPages(): number {
  const free = Math.max(...readZoneinfo().map((zone) => zone.free));
  return Math.floor(Math.min(free * 0.6, (availableBytes() / PAGE_BYTES) * 0.3, MOST_BALLAST_PAGES));
}

/** 384 MiB: more would cost seconds, and what does not find a place then stays where it is. */
const MOST_SCARCE_ROOM_PAGES = 98_304;

/**
 * Where huge pages are made scarce: room into which whatever is not the run's can be moved, and which is left of it.
 * @param lruPages movable pages that are there before
 */
export function scarceRoomPages(lruPages: number): number {
  return Math.min(MOST_SCARCE_ROOM_PAGES, lruPages + 2 * leastFreePages());
}

/** What the machine keeps where huge pages are made scarce: 192 MiB, or of a small one a 24th. */
export function leastFreePages(): number {
  const total = ((readMeminfo().get('MemTotal') ?? 0) * 1024) / PAGE_BYTES;
  return Math.min(49_152, Math.floor(total / 24));
}

/** Bytes that an arm takes at its peak: ballast, page cache and the server's store. */
export function peakBytes(stuckBytes: number, controlBytes: number, isScarce: boolean): number {
  const sets = stuckBytes + controlBytes;
  const lruPages = lruPagesOfLargestZone();
  const ballast = leastBallastPages({
    setPages: Math.ceil(sets / PAGE_BYTES),
    lruPages,
    ...(isScarce ? { roomPages: scarceRoomPages(lruPages) } : {}),
  });
  return ballast * PAGE_BYTES + 2 * sets;
}

export function availableBytes(): number {
  return (readMeminfo().get('MemAvailable') ?? 0) * 1024;
}
