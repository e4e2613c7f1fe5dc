/**
 * The trace events of a run and how the instance is set up for them.  Every event that a verdict rests on is a
 * static tracepoint; `required` says which ones a run cannot do without.
 */
import type { TracePayloadName } from '../kernel/trace-events.js';
import type { TraceEventName, TraceInstance } from '../kernel/tracefs.js';

export interface RecordedEvent extends TraceEventName {
  readonly required: boolean;
}

export const recordedEvents: readonly RecordedEvent[] = [
  { system: 'compaction', event: 'mm_compaction_begin', required: true },
  { system: 'compaction', event: 'mm_compaction_end', required: true },
  { system: 'compaction', event: 'mm_compaction_isolate_migratepages', required: true },
  { system: 'compaction', event: 'mm_compaction_migratepages', required: false },
  { system: 'migrate', event: 'mm_migrate_pages_start', required: true },
  { system: 'migrate', event: 'mm_migrate_pages', required: true },
  { system: 'writeback', event: 'folio_wait_writeback', required: true },
  // Absent before 6.12: the daemon's own inventory has what the join needs.
  { system: 'fuse', event: 'fuse_request_send', required: false },
  { system: 'fuse', event: 'fuse_request_end', required: false },
];

/** Those on whose fields verdicts rest; which of them are recorded depends on the scenario. */
export const verdictEvents: readonly TracePayloadName[] = [
  'mm_compaction_end',
  'mm_compaction_isolate_migratepages',
  'mm_migrate_pages_start',
  'mm_migrate_pages',
  'folio_wait_writeback',
  'mm_filemap_add_to_page_cache',
  'mm_filemap_delete_from_page_cache',
  'mm_page_pcpu_drain',
];

/** For each CPU. A compaction of 24 GiB writes about 1 MiB of it. */
const BUFFER_KB = 8192;
/** Of the kernel's own dev_t (include/linux/kdev_t.h). */
const MINORBITS = 20;

/** Names the folios of readahead; much of it, so only of one device, and only where it is needed. */
const pageCacheEvent: TraceEventName = { system: 'filemap', event: 'mm_filemap_add_to_page_cache' };
/** Names pages that another filesystem gave away: page_cache_pipe_buf_try_steal() (fs/splice.c) takes them out. */
const givenAwayEvent: TraceEventName = { system: 'filemap', event: 'mm_filemap_delete_from_page_cache' };
/** The only event with the migratetype of a frame's pageblock, as the frame is freed (free_pcppages_bulk()). */
const freedEvent: TraceEventName = { system: 'kmem', event: 'mm_page_pcpu_drain' };

/** The requests that an NFS client writes folios back with, and their answers; there once its module is loaded. */
const nfsEvents: readonly TraceEventName[] = [
  { system: 'nfs', event: 'nfs_initiate_write' },
  { system: 'nfs', event: 'nfs_writeback_done' },
];

/** What is recorded only where it is needed. */
export interface RecordedBesides {
  /** "MAJOR:MINOR" of the device whose additions to the page cache are recorded. */
  readonly pageCacheOf?: string | undefined;
  /** Where that device's folios come from, and in which pageblocks they lie. */
  readonly origins?: boolean;
  /** What an NFS client writes. */
  readonly nfs?: boolean;
}

/**
 * Sets the instance up; it is turned on when the trigger is about to be pulled.
 * @returns the `format` files of what is recorded, by event
 */
export function prepareTracing(
  instance: TraceInstance,
  { pageCacheOf, origins = false, nfs = false }: RecordedBesides = {},
): Map<string, string> {
  instance.setTracingOn(false);
  // The clock of process.hrtime and performance.now.
  instance.setTraceClock('mono');
  instance.setBufferSizeKb(BUFFER_KB);
  const formats = new Map<string, string>();
  if (pageCacheOf !== undefined) {
    const [major = 0, minor = 0] = pageCacheOf.split(':').map(Number);
    const device = (major << MINORBITS) | minor;
    const record = (event: TraceEventName, filter: string) => {
      formats.set(event.event, instance.readFormatText(event));
      instance.enableEvent(event, filter);
    };
    record(pageCacheEvent, `s_dev == ${device}`);
    if (origins) {
      record(givenAwayEvent, `s_dev != ${device}`);
      formats.set(freedEvent.event, instance.readFormatText(freedEvent));
    }
  }
  if (nfs) {
    for (const event of nfsEvents) {
      formats.set(event.event, instance.readFormatText(event));
      instance.enableEvent(event);
    }
  }
  for (const event of recordedEvents) {
    if (!event.required && !instance.hasEvent(event)) continue;
    formats.set(event.event, instance.readFormatText(event));
    instance.enableEvent(event);
  }
  return formats;
}

/** From now on, instead of what comes into page caches and leaves them: which of these frames are freed. */
export function recordFrees(instance: TraceInstance, [firstPfn, lastPfn]: readonly [number, number]): void {
  instance.disableEvent(pageCacheEvent);
  instance.disableEvent(givenAwayEvent);
  // Compaction frees many more, and they would drive each other out of the buffer.
  instance.enableEvent(freedEvent, `order == 0 && pfn >= ${firstPfn} && pfn <= ${lastPfn}`);
}
