/**
 * /proc/kpagecount: how many times each page frame is mapped.
 * It counts mappings, not references: a folio pinned through a pipe or by get_user_pages shows no more here.
 * Authority: fs/proc/page.c (kpagecount_read), Documentation/admin-guide/mm/pagemap.rst.
 */
import { withEntryFile } from './entry-file.js';

const kpagecount = '/proc/kpagecount';

/** The map counts of the frames [startPfn, startPfn + nrPages). */
export function readKpagecount(startPfn: number, nrPages: number, root = '/'): BigUint64Array {
  return withEntryFile(kpagecount, root, (file) => file.read(startPfn, nrPages));
}

/** The map count of each frame, in the order given. Sorted lists are read in the fewest calls. */
export function readKpagecountOf(pfns: ArrayLike<number>, root = '/'): BigUint64Array {
  return withEntryFile(kpagecount, root, (file) => file.readEach(pfns));
}
