/**
 * Whose pages the folios of the stuck file are, and in which pageblocks they lie.  replace_page_cache_folio()
 * (mm/filemap.c) fires no event, so a page that a server gave is known by its frame: not the one that the folio had when
 * it came into the page cache.  No file tells the migratetype of one pageblock; mm_page_pcpu_drain does as the frame is
 * freed (free_pcppages_bulk() in mm/page_alloc.c), be that after a move or at the end.
 */
import { parseTracePayload } from '../kernel/trace-events.js';
import { parseTraceLine } from '../kernel/trace-line.js';
import type { ServerPages } from '../record/arm-design.js';
import type { RunDirectory } from '../record/run-directory.js';
import type { ArmEvents, EventOf } from './arm-events.js';

interface PageblockShare {
  /** As in /proc/pagetypeinfo; null where the trace does not show the frame being freed. */
  readonly migratetype: string | null;
  readonly folios: number;
  readonly moved: number;
}

export interface ServerPagesEvidence {
  readonly wanted: ServerPages;
  /** Folios whose frame is not the one with which they came into the page cache. */
  readonly replaced: number;
  /** Those whose frame still is. */
  readonly kept: number;
  /** Those whose frame was taken out of the page cache of another filesystem. */
  readonly fromOtherFilesystem: number;
  readonly pageblocks: readonly PageblockShare[];
}

export interface ServerPagesSource {
  readonly start: EventOf<'arm-started'>;
  readonly events: ArmEvents;
  readonly run: RunDirectory;
  readonly trace: string | undefined;
  /** Of the stuck file, as they were when the trigger was pulled. */
  readonly stuckPfns: Float64Array;
  readonly countMoved: (counts: (pfn: number) => boolean) => number;
}

/** @returns undefined where nobody asks, null where the run ended before it was recorded */
export function serverPagesEvidence({
  start,
  events,
  run,
  trace,
  stuckPfns,
  countMoved,
}: ServerPagesSource): ServerPagesEvidence | null | undefined {
  if (start.serverPages === undefined) return undefined;
  const named = events.first('set-named');
  const added = named?.stuckAdded === undefined ? undefined : run.readNumbers(named.stuckAdded);
  if (named === undefined || added?.length !== stuckPfns.length || trace === undefined) return null;
  const { givenAway, pageblocks } = framesIn(trace, start.device, named.atNs / 1000);
  const types = [...new Set(Array.from(stuckPfns, (pfn) => pageblocks.get(pfn)))];
  return {
    wanted: start.serverPages,
    replaced: stuckPfns.filter((pfn, index) => (added[index] ?? -1) >= 0 && added[index] !== pfn).length,
    kept: stuckPfns.filter((pfn, index) => added[index] === pfn).length,
    fromOtherFilesystem: stuckPfns.filter((pfn) => givenAway.has(pfn)).length,
    pageblocks: types
      .map((type) => ({
        migratetype: type === undefined ? null : (migratetypes[type] ?? `migratetype ${type}`),
        folios: stuckPfns.filter((pfn) => pageblocks.get(pfn) === type).length,
        moved: countMoved((pfn) => pageblocks.get(pfn) === type),
      }))
      .sort((a, b) => b.folios - a.folios),
  };
}

/** enum migratetype (include/linux/mmzone.h); those above depend on the build. */
const migratetypes = ['Unmovable', 'Movable', 'Reclaimable'];

interface Frames {
  /** Taken out of the page cache of another device before `namedUs`. */
  readonly givenAway: ReadonlySet<number>;
  /** enum migratetype, by the frame that was freed after it. */
  readonly pageblocks: ReadonlyMap<number, number>;
}

function framesIn(trace: string, device: string, namedUs: number): Frames {
  const givenAway = new Set<number>();
  const pageblocks = new Map<number, number>();
  for (const text of trace.split('\n')) {
    if (!text.includes('mm_filemap_delete_from_page_cache') && !text.includes('mm_page_pcpu_drain')) continue;
    const line = parseTraceLine(text);
    if (line.kind !== 'event') continue;
    const { event, payload, timestampUs } = line;
    if (event === 'mm_filemap_delete_from_page_cache' && timestampUs < namedUs) {
      const { major, minor, pfn, order = 0 } = parseTracePayload(event, payload);
      if (`${major}:${minor}` === device) continue;
      for (let page = 0; page < 1 << order; page++) givenAway.add(pfn + page);
    }
    if (event === 'mm_page_pcpu_drain' && timestampUs > namedUs) {
      const { pfn, order, migratetype } = parseTracePayload(event, payload);
      // The first time: until then the folio lay there.
      for (let page = 0; page < 1 << order; page++)
        if (!pageblocks.has(pfn + page)) pageblocks.set(pfn + page, migratetype);
    }
  }
  return { givenAway, pageblocks };
}

/** So many of the folios must be the server's pages, where all are to be. */
const GIVEN_SHARE = 0.9;
/** So many must be the kernel's own, where none is to be: it may have moved a folio on its own account. */
const KEPT_SHARE = 0.99;

/** Why the folios are not the pages that the arm is about; undefined where they are, or nobody asks. */
export function notServerPages(
  pages: ServerPagesEvidence | null | undefined,
  folios: number,
): string | undefined {
  if (pages === undefined) return undefined;
  if (pages === null) return 'whose pages the folios are was not recorded';
  const { wanted, replaced, kept } = pages;
  if (wanted === 'all' && replaced < folios * GIVEN_SHARE)
    return `${replaced} of ${folios} folios only are pages that the server gave`;
  if (wanted === 'none' && kept < folios * KEPT_SHARE)
    return `${kept} of ${folios} folios only are the pages that the kernel had allocated for them`;
  return undefined;
}
