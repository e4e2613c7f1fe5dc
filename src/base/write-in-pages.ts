/**
 * Writing a file page by page.  A large write(2) gives the page cache of ext4 or XFS a large folio, and one of those
 * on the way of compaction's migrate scanner ends the compaction of its zone as contended when no free buddy of its
 * order is at hand (compact_zone() in mm/compaction.c): a run must not put them there itself.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { PAGE_BYTES } from './page-size.js';

/** Writes all of `bytes` at the descriptor's position. */
export function writeInPages(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; )
    at += writeSync(fd, bytes, at, Math.min(PAGE_BYTES, bytes.length - at));
}

/** As writeFileSync. @param flag of open(2), as Node spells it */
export function writeFileInPages(path: string, bytes: Uint8Array, flag: 'w' | 'wx'): void {
  const fd = openSync(path, flag);
  try {
    writeInPages(fd, bytes);
  } finally {
    closeSync(fd);
  }
}
