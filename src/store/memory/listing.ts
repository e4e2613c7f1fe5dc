/**
 * readdir: the entries of an open directory in the order of their cookies, "." and ".." first.  A listing ends
 * where the directory ended at opendir or at the last rewind, or a reader that renames what it reads would
 * never be done.
 */
import { fail, type Result } from '../failure.js';
import { S_IFDIR, S_IFMT } from '../mode.js';
import type { EntryVisitor } from '../store.js';
import type { Inode } from './inode.js';
import type { InodeTable, OpenFile } from './inode-table.js';

const DOT_COOKIE = 1;
const DOTDOT_COOKIE = 2;
/** DT_* is the type of `st_mode` shifted down (include/linux/fs_types.h). */
const DT_SHIFT = 12;
const DT_DIR = S_IFDIR >> DT_SHIFT;

export function listDirectory(
  table: InodeTable,
  file: OpenFile,
  cookie: number,
  visit: EntryVisitor,
): Result<0> {
  const { inode } = file;
  const { directory } = inode;
  if (directory === undefined) return fail('ENOTDIR');
  if (cookie === 0) file.endCookie = directory.endCookie;
  inode.touchAccess(table.now());
  if (cookie < DOT_COOKIE && !visit('.', inode.nodeid, DT_DIR, DOT_COOKIE)) return 0;
  if (cookie < DOTDOT_COOKIE && !visit('..', parentOf(inode).nodeid, DT_DIR, DOTDOT_COOKIE)) return 0;
  directory.list(cookie, file.endCookie, (entry, child) =>
    visit(entry.name, child.nodeid, (child.mode & S_IFMT) >> DT_SHIFT, entry.cookie),
  );
  return 0;
}

/** "..": the root's own is itself, and a removed directory's too. */
export function parentOf(directory: Inode): Inode {
  return directory.entry?.parent ?? directory;
}
