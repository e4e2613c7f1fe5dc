/**
 * Which frames a file's folios were given when they came into the page cache, from the trace.  It is the only way to
 * learn those of folios that nobody can map yet: readahead whose data has not come.
 * Authority: filemap:mm_filemap_add_to_page_cache (include/trace/events/filemap.h).
 */
import { PAGE_BYTES } from '../base/page-size.js';
import { parseTracePayload } from '../kernel/trace-events.js';
import { parseTraceLine } from '../kernel/trace-line.js';

const event = 'mm_filemap_add_to_page_cache';

/** pfn by page index, the last one that came there; -1 where none did. @param device "MAJOR:MINOR" */
export function pageCacheAdditions(
  trace: string,
  { device, ino, pages }: { readonly device: string; readonly ino: number; readonly pages: number },
): Float64Array {
  const pfns = new Float64Array(pages).fill(-1);
  for (const text of trace.split('\n')) {
    if (!text.includes(event)) continue;
    const line = parseTraceLine(text);
    if (line.kind !== 'event' || line.event !== event) continue;
    const added = parseTracePayload(event, line.payload);
    if (`${added.major}:${added.minor}` !== device || Number(added.ino) !== ino) continue;
    const first = added.offsetBytes / PAGE_BYTES;
    for (let page = 0; page < 1 << (added.order ?? 0); page++)
      if (first + page < pages) pfns[first + page] = added.pfn + page;
  }
  return pfns;
}
