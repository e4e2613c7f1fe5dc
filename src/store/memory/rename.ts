/**
 * rename(2) and renameat2(2): all checks come before any change.  The order of the checks is that of
 * do_renameat2 and vfs_rename (fs/namei.c).
 */
import { fail, isFailure, type Result } from '../failure.js';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../mode.js';
import type { Inode, Name } from './inode.js';
import type { Namespace } from './namespace.js';

export function rename(
  names: Namespace,
  oldParent: Inode,
  oldName: string,
  newParent: Inode,
  newName: string,
  flags: number,
): Result<0> {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) !== 0) return fail('EINVAL');
  if (flags === (RENAME_NOREPLACE | RENAME_EXCHANGE)) return fail('EINVAL');
  const from = names.find(oldParent, oldName);
  if (isFailure(from)) return from;
  const source = from.inode;
  if (source === undefined) return fail('ENOENT');

  const to = names.find(newParent, newName);
  const target = isFailure(to) ? undefined : to.inode;
  if (isFailure(to) || target === undefined) {
    if ((flags & RENAME_EXCHANGE) !== 0) return fail('ENOENT');
    return moveToNew(names, from, source, newParent, newName);
  }
  if (flags === RENAME_NOREPLACE) return fail('EEXIST');
  if (isInside(newParent, source)) return fail('EINVAL');
  if (flags === RENAME_EXCHANGE) {
    if (isInside(oldParent, target)) return fail('EINVAL');
    return source === target ? 0 : exchange(names, from, source, to, target);
  }
  if (isInside(oldParent, target)) return fail('ENOTEMPTY');
  if (source === target) return 0;
  if (source.isDirectory && !target.isDirectory) return fail('ENOTDIR');
  if (!source.isDirectory && target.isDirectory) return fail('EISDIR');
  if (target.directory !== undefined && target.directory.size > 0) return fail('ENOTEMPTY');
  return replace(names, from, source, to, target);
}

function moveToNew(
  names: Namespace,
  from: Name,
  source: Inode,
  newParent: Inode,
  newName: string,
): Result<0> {
  const room = names.room(newParent, newName);
  if (isFailure(room)) return room;
  if (isInside(newParent, source)) return fail('EINVAL');
  const oldParent = from.parent;
  // The old entry pays for the new one, so a full store can still rename to a name that is no longer.
  names.remove(from, source);
  const added = names.add(newParent, newName, source);
  if (isFailure(added)) {
    // What was just given back is there to be taken again.
    names.add(oldParent, from.name, source);
    return added;
  }
  moveSubdirectory(source, oldParent, newParent);
  touchAll(names, oldParent, newParent, source);
  return 0;
}

/** The target's entry takes the source over in place: a listing under way sees the name exactly once. */
function replace(names: Namespace, from: Name, source: Inode, to: Name, target: Inode): Result<0> {
  const oldParent = from.parent;
  names.remove(from, source);
  rebind(names, to, target, source);
  if (target.isDirectory) {
    target.nlink = 0;
    to.parent.nlink--;
  } else {
    target.nlink--;
  }
  moveSubdirectory(source, oldParent, to.parent);
  touchAll(names, oldParent, to.parent, source);
  target.touchChange(names.table.now());
  names.table.reap(target);
  return 0;
}

function exchange(names: Namespace, from: Name, source: Inode, to: Name, target: Inode): Result<0> {
  from.inode = target;
  to.inode = source;
  source.removeEntry(from);
  target.removeEntry(to);
  source.addEntry(to);
  target.addEntry(from);
  names.paths.invalidate(source);
  names.paths.invalidate(target);
  moveSubdirectory(source, from.parent, to.parent);
  moveSubdirectory(target, to.parent, from.parent);
  touchAll(names, from.parent, to.parent, source);
  target.touchChange(names.table.now());
  return 0;
}

function rebind(names: Namespace, entry: Name, old: Inode, inode: Inode): void {
  old.removeEntry(entry);
  names.paths.invalidate(old);
  entry.inode = inode;
  inode.addEntry(entry);
}

/** ".." of a directory counts as a link to its parent. */
function moveSubdirectory(inode: Inode, from: Inode, to: Inode): void {
  if (!inode.isDirectory || from === to) return;
  from.nlink--;
  to.nlink++;
}

function touchAll(names: Namespace, oldParent: Inode, newParent: Inode, source: Inode): void {
  const now = names.table.now();
  oldParent.touchContent(now);
  newParent.touchContent(now);
  source.touchChange(now);
}

/** Whether `inode` is `ancestor` or lies below it. */
function isInside(inode: Inode, ancestor: Inode): boolean {
  if (!ancestor.isDirectory) return false;
  let at: Inode | undefined = inode;
  while (at !== undefined) {
    if (at === ancestor) return true;
    at = at.entry?.parent;
  }
  return false;
}
