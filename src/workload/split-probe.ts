/**
 * Whether a folio of a file can be split, asked of the kernel without debugfs and without migration: ftruncate(2) to the
 * middle of a folio has truncate_inode_partial_folio() (mm/truncate.c) try to split it.  Where it refuses, a dirty folio
 * stays as large as it was, beyond the end of the file, and a clean one is dropped and read again into another.  XFS writes
 * nothing back first for a cut at the end of a block, so that a dirty folio stays dirty.
 */
import * as memory from '../syscall/memory.js';
import { folioPages } from './folio-pages.js';
import type { PatternedFile } from './patterned-file.js';

/** So much of the end of the file at the most, in folios: the rest can still be compared. */
const MOST_CUT = 32;

export interface ProbedSplits {
  /** Folios that were whole before. */
  readonly asked: number;
  readonly split: number;
  /** By which the file is shorter now. */
  readonly cutBytes: number;
}

/** Cuts the file from its end, in the middle of one folio after the other. @param most so many folios at the most */
export function probeSplits(file: PatternedFile, folioBytes: number, most: number): ProbedSplits {
  const pages = folioBytes / memory.PAGE_SIZE;
  let asked = 0;
  let split = 0;
  const whole = file.bytes;
  const least = Math.max(0, whole - MOST_CUT * folioBytes);
  for (let offset = whole - folioBytes; offset >= least && asked < most; offset -= folioBytes) {
    const [head = -1] = file.locate().subarray(offset / memory.PAGE_SIZE);
    if (head < 0 || folioPages(head, pages) !== pages) continue;
    file.cut(offset + folioBytes / 2);
    const [now = -1] = file.locate().subarray(offset / memory.PAGE_SIZE);
    asked += 1;
    if (now === head && folioPages(now, pages) < pages) split += 1;
  }
  return { asked, split, cutBytes: whole - file.bytes };
}
