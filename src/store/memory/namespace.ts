/**
 * Names: how they come and go, and what that does to link counts and times.  POSIX and what fs/namei.c leaves to
 * a filesystem; permissions, sticky bits and mount points are the kernel's.  Renames are in rename.ts.
 */
import { fail, isFailure, type Result } from '../failure.js';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK, S_ISGID } from '../mode.js';
import type { Owner } from '../store.js';
import { MAP_MAX_ENTRIES } from './budget.js';
import type { Directory } from './directory.js';
import type { Inode, Name } from './inode.js';
import type { InodeTable } from './inode-table.js';
import type { PathCache } from './path-cache.js';

export const NAME_MAX = 255;
/** Names of one file, as in ext4 (EXT4_LINK_MAX). Subdirectories are not limited, as in tmpfs. */
const LINK_MAX = 65_000;
/** PATH_MAX without the terminating NUL. */
const TARGET_MAX = 4095;
/** An entry with its slots in the Map, the order and the Set of a file's other names, as measured, rounded up; the name comes on top. */
const ENTRY_BYTES = 224;
const nodeTypes = [S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK];

export class Namespace {
  constructor(
    readonly table: InodeTable,
    readonly paths: PathCache,
  ) {}

  mknod(parent: Inode, name: string, mode: number, rdev: number, owner: Owner): Result<Inode> {
    // mknod(2): a type of zero is a regular file.
    const type = (mode & S_IFMT) === 0 ? S_IFREG : mode & S_IFMT;
    if (!nodeTypes.includes(type)) return fail('EINVAL');
    const inode = this.#create(parent, name, type | (mode & ~S_IFMT), owner);
    if (!isFailure(inode) && (type === S_IFCHR || type === S_IFBLK)) inode.rdev = rdev;
    return inode;
  }

  mkdir(parent: Inode, name: string, mode: number, owner: Owner): Result<Inode> {
    return this.#create(parent, name, S_IFDIR | (mode & ~S_IFMT), owner);
  }

  symlink(parent: Inode, name: string, target: string, owner: Owner): Result<Inode> {
    if (target.length === 0) return fail('ENOENT');
    if (target.length > TARGET_MAX) return fail('ENAMETOOLONG');
    return this.#create(parent, name, S_IFLNK | 0o777, owner, target);
  }

  tmpfile(parent: Inode, mode: number, owner: Owner): Result<Inode> {
    const directory = liveDirectory(parent);
    if (isFailure(directory)) return directory;
    return this.#newInode(parent, S_IFREG | (mode & ~S_IFMT), owner);
  }

  link(inode: Inode, parent: Inode, name: string): Result<Inode> {
    if (inode.isDirectory) return fail('EPERM');
    if (inode.nlink >= LINK_MAX) return fail('EMLINK');
    const entry = this.add(parent, name, inode);
    if (isFailure(entry)) return entry;
    const now = this.table.now();
    inode.nlink++;
    inode.touchChange(now);
    parent.touchContent(now);
    return inode;
  }

  unlink(parent: Inode, name: string): Result<0> {
    const entry = this.find(parent, name);
    if (isFailure(entry)) return entry;
    const inode = entry.inode;
    if (inode === undefined) return fail('ENOENT');
    if (inode.isDirectory) return fail('EISDIR');
    const now = this.table.now();
    this.remove(entry, inode);
    inode.nlink--;
    inode.touchChange(now);
    parent.touchContent(now);
    this.table.reap(inode);
    return 0;
  }

  rmdir(parent: Inode, name: string): Result<0> {
    if (name === '.') return fail('EINVAL');
    if (name === '..') return fail('ENOTEMPTY');
    const entry = this.find(parent, name);
    if (isFailure(entry)) return entry;
    const inode = entry.inode;
    if (inode?.directory === undefined) return fail('ENOTDIR');
    if (inode.directory.size > 0) return fail('ENOTEMPTY');
    const now = this.table.now();
    this.remove(entry, inode);
    inode.nlink = 0;
    inode.touchChange(now);
    parent.nlink--;
    parent.touchContent(now);
    this.table.reap(inode);
    return 0;
  }

  find(parent: Inode, name: string): Result<Name> {
    if (parent.directory === undefined) return fail('ENOTDIR');
    if (name.length > NAME_MAX) return fail('ENAMETOOLONG');
    return parent.directory.get(name) ?? fail('ENOENT');
  }

  /** A new entry, paid for; link counts and times are the caller's. */
  add(parent: Inode, name: string, inode: Inode): Result<Name> {
    const directory = this.room(parent, name);
    if (isFailure(directory)) return directory;
    if (!this.table.budget.chargeMetadata(ENTRY_BYTES + name.length)) return fail('ENOSPC');
    const entry = directory.add(parent, name, inode);
    inode.addEntry(entry);
    return entry;
  }

  /** Takes an entry away and gives back its cost; link counts and times are the caller's. */
  remove(entry: Name, inode: Inode): void {
    entry.parent.directory?.remove(entry);
    inode.removeEntry(entry);
    this.paths.invalidate(inode);
    this.table.budget.refundMetadata(ENTRY_BYTES + entry.name.length);
  }

  /** The directory, if it lives and can take a new entry of that name. */
  room(parent: Inode, name: string): Result<Directory<Inode>> {
    const directory = liveDirectory(parent);
    if (isFailure(directory)) return directory;
    if (name.length > NAME_MAX) return fail('ENAMETOOLONG');
    if (name === '.' || name === '..' || directory.get(name) !== undefined) return fail('EEXIST');
    if (name.length === 0 || name.includes('/') || name.includes('\0')) return fail('EINVAL');
    return directory.size >= MAP_MAX_ENTRIES ? fail('ENOSPC') : directory;
  }

  #create(parent: Inode, name: string, mode: number, owner: Owner, target?: string): Result<Inode> {
    const directory = this.room(parent, name);
    if (isFailure(directory)) return directory;
    const inode = this.#newInode(parent, mode, owner, target);
    if (isFailure(inode)) return inode;
    const entry = this.add(parent, name, inode);
    if (isFailure(entry)) {
      this.table.reap(inode);
      return entry;
    }
    inode.nlink = 1;
    if (inode.isDirectory) {
      inode.nlink = 2;
      parent.nlink++;
    }
    parent.touchContent(this.table.now());
    return inode;
  }

  /** inode_init_owner (fs/inode.c): a set-group-ID directory hands its group down, and the bit to directories. */
  #newInode(parent: Inode, mode: number, owner: Owner, target?: string): Result<Inode> {
    if ((parent.mode & S_ISGID) === 0) return this.table.create(mode, owner.uid, owner.gid, target);
    const isDirectory = (mode & S_IFMT) === S_IFDIR;
    return this.table.create(isDirectory ? mode | S_ISGID : mode, owner.uid, parent.gid, target);
  }
}

function liveDirectory(parent: Inode): Result<Directory<Inode>> {
  if (parent.directory === undefined) return fail('ENOTDIR');
  return parent.nlink === 0 ? fail('ENOENT') : parent.directory;
}
