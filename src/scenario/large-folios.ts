/**
 * Whether a filesystem makes folios of a size for write(2), seen in a file of its own before an arm counts on it.  XFS does
 * since 6.6: iomap_get_folio() (fs/iomap/buffered-io.c) asks for as much as is written.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { PAGE_BYTES } from '../base/page-size.js';
import { folioPages } from '../workload/folio-pages.js';
import { PatternedFile } from '../workload/patterned-file.js';

/** One may find no free memory of its order. */
const TRIED = 16;

export function makesFoliosOf(folioBytes: number, directory: string): boolean {
  const pages = folioBytes / PAGE_BYTES;
  const path = join(directory, 'probe');
  const file = new PatternedFile(path, TRIED * folioBytes, 0);
  try {
    for (let offset = 0; offset < file.bytes; offset += folioBytes) file.dirty(offset, folioBytes);
    return file
      .locate()
      .some((pfn, index) => index % pages === 0 && pfn >= 0 && folioPages(pfn, pages) === pages);
  } finally {
    file.close();
    rmSync(path, { force: true });
  }
}
