/**
 * Whether folios can be split, asked of the kernel by split_huge_pages of debugfs: of each whole folio once, by its first
 * page.  A folio of a file is asked for by path: by address iomap's state counts as a reference before 6.9, and the
 * folio is passed over.  Unlike a cut this leaves the file as it is.
 */
import { errnoName } from '../base/errno.js';
import { folioAtAddress, folioOfFile, openSplitHugePages } from '../kernel/split-huge-pages.js';
import { close, write } from '../syscall/file.js';
import { PAGE_SIZE } from '../syscall/memory.js';
import { folioPages } from './folio-pages.js';
import { HugetlbMemory } from './hugetlb-memory.js';
import type { PatternedFile } from './patterned-file.js';

export interface SplitsThroughDebugfs {
  /** Why none could be asked for, or no more; null where they were. */
  readonly lacking: string | null;
  /** Folios that were whole before. */
  readonly asked: number;
  /** Of them, those that are smaller afterwards, at the same frame. */
  readonly split: number;
}

/** Of the first half of the set: the end of a file is for ftruncate(2). @param most so many folios at the most */
export function askSplitHugePages(
  set: PatternedFile | HugetlbMemory,
  folioBytes: number,
  most: number,
): SplitsThroughDebugfs {
  const opened = openSplitHugePages();
  if ('lacking' in opened) return { ...opened, asked: 0, split: 0 };
  try {
    return askEach(opened.fd, set, { folioBytes, most });
  } finally {
    close(opened.fd);
  }
}

function askEach(
  fd: number,
  set: PatternedFile | HugetlbMemory,
  { folioBytes, most }: { folioBytes: number; most: number },
): SplitsThroughDebugfs {
  const pages = folioBytes / PAGE_SIZE;
  const heads = headsOfWhole(set.locate(), pages, Math.ceil(set.bytes / folioBytes / 2)).slice(0, most);
  let lacking: string | null = null;
  let asked = 0;
  for (const { pageIndex } of heads) {
    lacking = askOne(fd, wordsFor(set, pageIndex));
    if (lacking !== null) break;
    asked += 1;
  }
  const after = set.locate();
  const split = heads
    .slice(0, asked)
    .filter(({ pageIndex, pfn }) => after[pageIndex] === pfn && folioPages(pfn, pages) < pages).length;
  return { lacking, asked, split };
}

function headsOfWhole(
  pfns: Float64Array,
  pages: number,
  folios: number,
): { readonly pageIndex: number; readonly pfn: number }[] {
  return Array.from({ length: folios }, (_, folio) => ({
    pageIndex: folio * pages,
    pfn: pfns[folio * pages] ?? -1,
  })).filter(({ pfn }) => pfn >= 0 && folioPages(pfn, pages) === pages);
}

function wordsFor(set: PatternedFile | HugetlbMemory, pageIndex: number): string | undefined {
  if (!(set instanceof HugetlbMemory)) return folioOfFile(set.path, pageIndex);
  return folioAtAddress(process.pid, set.addressAt(pageIndex * PAGE_SIZE), PAGE_SIZE);
}

/** @returns why it was not asked for; null where it was */
function askOne(fd: number, words: string | undefined): string | null {
  if (words === undefined) return 'the path of the file cannot be given to split_huge_pages';
  const written = write(fd, Buffer.from(words));
  return written < 0 ? `split_huge_pages does not take "${words}" (${errnoName(-written)})` : null;
}
