/**
 * Attributes: from struct statx to the store's, and what setattr does.  The daemon is root, so what the kernel does
 * to protect a file from its writers (file_remove_privs() in fs/inode.c) is done here.
 */
import {
  changeMode,
  changeOwner,
  changeTimes,
  type Timespec,
  UTIME_NOW,
  UTIME_OMIT,
} from '../../syscall/attributes.js';
import { ftruncate } from '../../syscall/file-data.js';
import { type Statx, statx } from '../../syscall/statx.js';
import { removexattr } from '../../syscall/xattr.js';
import { fail, isFailure, type Result } from '../failure.js';
import { S_IALLUGO, S_IFDIR, S_IFLNK, S_IFMT, S_ISGID, S_ISUID, S_IXGRP } from '../mode.js';
import type { AttributeChange, Attributes, Timestamp } from '../store.js';
import { CAPABILITY_XATTR } from '../xattr-name.js';
import type { Node } from './node.js';
import type { OpenNode, Tree } from './tree.js';

/** The store's numbers are JavaScript's: no file is larger. */
export const MAX_FILE_BYTES = Number.MAX_SAFE_INTEGER;

export function attributesOf(node: Node, stat: Statx): Attributes {
  const { blksize, nlink, uid, gid, mode, size, blocks, rdevMajor, rdevMinor } = stat;
  const { atimeSec, atimeNsec, mtimeSec, mtimeNsec, ctimeSec, ctimeNsec } = stat;
  return {
    nodeid: node.nodeid,
    mode,
    nlink,
    uid,
    gid,
    // new_encode_dev() of include/linux/kdev_t.h.
    rdev: (rdevMinor & 0xff) | (rdevMajor << 8) | ((rdevMinor & ~0xff) << 12),
    size,
    blocks,
    blksize,
    atimeSec,
    atimeNsec,
    mtimeSec,
    mtimeNsec,
    ctimeSec,
    ctimeNsec,
  };
}

export function readAttributes({ node, fd }: OpenNode): Result<Attributes> {
  const stat = statx(fd);
  return isFailure(stat) ? stat : attributesOf(node, stat as Statx);
}

/** The ctime that is given stays unheeded: no system call sets it. */
export function changeAttributes(tree: Tree, opened: OpenNode, change: AttributeChange): Result<Attributes> {
  const { node, fd } = opened;
  const steps: (() => number)[] = [];
  const { size, uid, gid, mode, atime, mtime } = change;
  if (size !== undefined) steps.push(() => resize(tree, node, size));
  if (uid !== undefined || gid !== undefined) steps.push(() => changeOwner(fd, uid, gid));
  if (change.killPriv === true) steps.push(() => dropPrivileges(opened));
  // After the owner, whose change takes the set-ID bits.
  if (mode !== undefined) steps.push(() => changeMode(fd, mode & S_IALLUGO));
  if (atime !== undefined || mtime !== undefined) {
    steps.push(() => changeTimes(fd, timespecOf(atime), timespecOf(mtime)));
  }
  for (const step of steps) {
    const result: Result<number> = step();
    if (isFailure(result)) return result;
  }
  return readAttributes(opened);
}

/** Set-ID bits and file capabilities, which a write by root leaves (setattr_should_drop_suidgid() in fs/attr.c). */
export function dropPrivileges({ node, fd }: OpenNode): Result<number> {
  if (node.type === S_IFDIR || node.type === S_IFLNK) return 0;
  const stat = statx(fd);
  if (isFailure(stat)) return stat;
  const { mode } = stat as Statx;
  const kept = mode & ((mode & S_IXGRP) === 0 ? ~S_ISUID : ~(S_ISUID | S_ISGID));
  const changed: Result<number> = kept === mode ? 0 : changeMode(fd, kept & ~S_IFMT);
  if (isFailure(changed)) return changed;
  const removed: Result<number> = removexattr(fd, CAPABILITY_XATTR);
  return isFailure(removed) && removed !== fail('ENODATA') && removed !== fail('EOPNOTSUPP') ? removed : 0;
}

/** By a descriptor, not by path: of the same size too, ftruncate(2) sets the times. */
function resize(tree: Tree, node: Node, size: number): Result<number> {
  const fd = tree.descriptors.dataOf(node, true);
  if (isFailure(fd)) return fd;
  if (size < 0) return fail('EINVAL');
  return size > MAX_FILE_BYTES ? fail('EFBIG') : ftruncate(fd, size);
}

function timespecOf(time: Timestamp | 'now' | undefined): Timespec {
  if (time === undefined) return { sec: 0, nsec: UTIME_OMIT };
  return time === 'now' ? { sec: 0, nsec: UTIME_NOW } : time;
}
