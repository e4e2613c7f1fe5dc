/**
 * setattr: what one change does to an inode, all of it or nothing.  Who may is the kernel's to say
 * (setattr_prepare, fs/attr.c); the size is file-operations.ts's.
 */
import { isFailure, type Result } from '../failure.js';
import { S_IALLUGO, S_IFMT } from '../mode.js';
import type { AttributeChange } from '../store.js';
import { dropPrivileges, resizeFile } from './file-operations.js';
import type { Inode } from './inode.js';
import type { InodeTable } from './inode-table.js';

export function changeAttributes(table: InodeTable, inode: Inode, change: AttributeChange): Result<0> {
  const now = table.now();
  if (change.size !== undefined) {
    // The only part that can fail comes first.
    const resized = resizeFile(table, inode, change.size);
    if (isFailure(resized)) return resized;
    // Of the same size too: the kernel leaves the times of ftruncate and O_TRUNC to the server (fs/fuse/dir.c).
    inode.touchContent(now);
  }
  if (change.killPriv === true) dropPrivileges(table, inode);
  if (change.mode !== undefined) inode.mode = (inode.mode & S_IFMT) | (change.mode & S_IALLUGO);
  if (change.uid !== undefined) inode.uid = change.uid;
  if (change.gid !== undefined) inode.gid = change.gid;
  const atime = change.atime === 'now' ? now : change.atime;
  if (atime !== undefined) {
    inode.atimeSec = atime.sec;
    inode.atimeNsec = atime.nsec;
  }
  const mtime = change.mtime === 'now' ? now : change.mtime;
  if (mtime !== undefined) {
    inode.mtimeSec = mtime.sec;
    inode.mtimeNsec = mtime.nsec;
  }
  inode.touchChange(change.ctime ?? now);
  return 0;
}
