/** How large a folio is, by the flags of its frames. Authority: Documentation/admin-guide/mm/pagemap.rst. */
import { hasKpf, readKpageflags } from '../kernel/kpageflags.js';

/** Of the folio that begins with this frame; 1 of what is none. @param most no more than so many are counted */
export function folioPages(head: number, most: number): number {
  const flags = readKpageflags(head, most);
  if (!hasKpf(flags[0] ?? 0n, 'COMPOUND_HEAD')) return 1;
  let pages = 1;
  while (pages < most && hasKpf(flags[pages] ?? 0n, 'COMPOUND_TAIL')) pages += 1;
  return pages;
}
