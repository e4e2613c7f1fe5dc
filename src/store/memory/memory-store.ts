/**
 * The memory store: finds the inode of each call and hands it to the part that knows.  Owns attributes, open
 * files and listings; names are namespace.ts's and rename.ts's, bytes file-operations.ts's.
 * A node id that is not known answers ESTALE.
 */
import type { NodeId } from '../../base/branded.js';
import { fail, isFailure, type Result } from '../failure.js';
import type { LockConflict, LockOwner, LockRequest, LockTicket } from '../lock.js';
import { LockTable } from '../locks/lock-table.js';
import { S_IALLUGO, S_IFDIR, S_IFMT } from '../mode.js';
import type {
  AttributeChange,
  Attributes,
  Clock,
  EntryVisitor,
  FilesystemStatus,
  Handle,
  Owner,
  Store,
  StoreCounters,
} from '../store.js';
import { Budget, type StoreLimits } from './budget.js';
import { PAGE_BYTES } from './chunk.js';
import {
  allocateFile,
  copyFile,
  dropPrivileges,
  readFile,
  resizeFile,
  seekFile,
  writeFile,
} from './file-operations.js';
import type { Inode } from './inode.js';
import { InodeTable } from './inode-table.js';
import { NAME_MAX, Namespace } from './namespace.js';
import { PathCache } from './path-cache.js';
import { rename } from './rename.js';
import { getXattr, listXattrs, removeXattr, setXattr } from './xattr.js';

export interface MemoryStoreOptions extends StoreLimits {
  readonly now: Clock;
  /** Permission bits of the root directory. Default 0755. */
  readonly rootMode?: number | undefined;
}

const DOT_COOKIE = 1;
const DOTDOT_COOKIE = 2;
const DT_SHIFT = 12;
const DT_DIR = S_IFDIR >> DT_SHIFT;

export class MemoryStore implements Store {
  readonly #budget: Budget;
  readonly #locks: LockTable;
  readonly #table: InodeTable;
  readonly #paths: PathCache;
  readonly #names: Namespace;

  constructor(options: MemoryStoreOptions) {
    const rootMode = S_IFDIR | ((options.rootMode ?? 0o755) & S_IALLUGO);
    this.#budget = new Budget(options);
    this.#locks = new LockTable(this.#budget.maxLocks);
    this.#table = new InodeTable(this.#budget, options.now, rootMode, (inode) =>
      this.#locks.drop(inode.nodeid),
    );
    this.#paths = new PathCache(this.#table.root);
    this.#names = new Namespace(this.#table, this.#paths);
  }

  lookup(parent: NodeId, name: string): Result<Attributes> {
    const directory = this.#inode(parent);
    if (isFailure(directory)) return directory;
    if (name === '.' && directory.isDirectory) return directory.attributes();
    if (name === '..' && directory.isDirectory) return this.#parentOf(directory).attributes();
    const entry = this.#names.find(directory, name);
    if (isFailure(entry)) return entry;
    return entry.inode?.attributes() ?? fail('ENOENT');
  }

  remember(nodeid: NodeId): void {
    this.#table.remember(nodeid);
  }

  forget(nodeid: NodeId, nlookup: number): void {
    this.#table.forget(nodeid, nlookup);
  }

  getattr(nodeid: NodeId): Result<Attributes> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : inode.attributes();
  }

  setattr(nodeid: NodeId, change: AttributeChange): Result<Attributes> {
    const inode = this.#inode(nodeid);
    if (isFailure(inode)) return inode;
    const now = this.#table.now();
    if (change.size !== undefined) {
      const resized = resizeFile(this.#table, inode, change.size);
      if (isFailure(resized)) return resized;
      inode.touchContent(now);
    }
    if (change.killPriv === true) dropPrivileges(this.#table, inode);
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
    return inode.attributes();
  }

  pathOf(nodeid: NodeId): string | undefined {
    const inode = this.#table.get(nodeid);
    return inode === undefined ? undefined : this.#paths.pathOf(inode);
  }

  statfs(): FilesystemStatus {
    const { maxBytes, freeBytes, maxInodes, nrInodes } = this.#budget;
    return {
      blockSize: PAGE_BYTES,
      blocks: Math.floor(maxBytes / PAGE_BYTES),
      blocksFree: Math.floor(freeBytes / PAGE_BYTES),
      files: maxInodes,
      filesFree: maxInodes - nrInodes,
      nameMax: NAME_MAX,
    };
  }

  counters(): StoreCounters {
    return {
      nrInodes: this.#budget.nrInodes,
      nrLookups: this.#table.nrLookups,
      nrOpen: this.#table.nrOpen,
      nrLocks: this.#locks.nrLocks,
      usedBytes: this.#budget.usedBytes,
    };
  }

  mknod(parent: NodeId, name: string, mode: number, rdev: number, owner: Owner): Result<Attributes> {
    const directory = this.#inode(parent);
    if (isFailure(directory)) return directory;
    return attributesOf(this.#names.mknod(directory, name, mode, rdev, owner));
  }

  mkdir(parent: NodeId, name: string, mode: number, owner: Owner): Result<Attributes> {
    const directory = this.#inode(parent);
    if (isFailure(directory)) return directory;
    return attributesOf(this.#names.mkdir(directory, name, mode, owner));
  }

  symlink(parent: NodeId, name: string, target: string, owner: Owner): Result<Attributes> {
    const directory = this.#inode(parent);
    if (isFailure(directory)) return directory;
    return attributesOf(this.#names.symlink(directory, name, target, owner));
  }

  tmpfile(parent: NodeId, mode: number, owner: Owner): Result<Attributes> {
    const directory = this.#inode(parent);
    if (isFailure(directory)) return directory;
    return attributesOf(this.#names.tmpfile(directory, mode, owner));
  }

  readlink(nodeid: NodeId): Result<string> {
    const inode = this.#inode(nodeid);
    if (isFailure(inode)) return inode;
    if (inode.target === undefined) return fail('EINVAL');
    inode.touchAccess(this.#table.now());
    return inode.target;
  }

  link(nodeid: NodeId, newParent: NodeId, newName: string): Result<Attributes> {
    const inode = this.#inode(nodeid);
    if (isFailure(inode)) return inode;
    const directory = this.#inode(newParent);
    if (isFailure(directory)) return directory;
    return attributesOf(this.#names.link(inode, directory, newName));
  }

  unlink(parent: NodeId, name: string): Result<0> {
    const directory = this.#inode(parent);
    return isFailure(directory) ? directory : this.#names.unlink(directory, name);
  }

  rmdir(parent: NodeId, name: string): Result<0> {
    const directory = this.#inode(parent);
    return isFailure(directory) ? directory : this.#names.rmdir(directory, name);
  }

  rename(parent: NodeId, name: string, newParent: NodeId, newName: string, flags: number): Result<0> {
    const from = this.#inode(parent);
    if (isFailure(from)) return from;
    const to = this.#inode(newParent);
    if (isFailure(to)) return to;
    return rename(this.#names, from, name, to, newName, flags);
  }

  open(nodeid: NodeId): Result<Handle> {
    const inode = this.#inode(nodeid);
    if (isFailure(inode)) return inode;
    if (inode.isDirectory) return fail('EISDIR');
    return this.#table.open(inode);
  }

  opendir(nodeid: NodeId): Result<Handle> {
    const inode = this.#inode(nodeid);
    if (isFailure(inode)) return inode;
    if (inode.directory === undefined) return fail('ENOTDIR');
    return this.#table.open(inode);
  }

  release(handle: Handle): Result<0> {
    return this.#table.release(handle);
  }

  readdir(handle: Handle, cookie: number, visit: EntryVisitor): Result<0> {
    const file = this.#table.file(handle);
    if (file === undefined) return fail('EBADF');
    const { inode } = file;
    const { directory } = inode;
    if (directory === undefined) return fail('ENOTDIR');
    // Names that come after this do not show: a reader that renames what it reads would never be done.
    if (cookie === 0 || file.endCookie === 0) file.endCookie = directory.endCookie;
    inode.touchAccess(this.#table.now());
    if (cookie < DOT_COOKIE && !visit('.', inode.nodeid, DT_DIR, DOT_COOKIE)) return 0;
    const parent = this.#parentOf(inode).nodeid;
    if (cookie < DOTDOT_COOKIE && !visit('..', parent, DT_DIR, DOTDOT_COOKIE)) return 0;
    directory.list(cookie, file.endCookie, (entry, child) =>
      visit(entry.name, child.nodeid, (child.mode & S_IFMT) >> DT_SHIFT, entry.cookie),
    );
    return 0;
  }

  read(nodeid: NodeId, offset: number, size: number, into: Buffer): Result<number> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : readFile(this.#table, inode, offset, size, into);
  }

  write(nodeid: NodeId, offset: number, data: Buffer, killPriv: boolean): Result<number> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : writeFile(this.#table, inode, offset, data, killPriv);
  }

  fallocate(nodeid: NodeId, mode: number, offset: number, length: number): Result<0> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : allocateFile(this.#table, inode, mode, offset, length);
  }

  lseek(nodeid: NodeId, offset: number, whence: number): Result<number> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : seekFile(inode, offset, whence);
  }

  copyFileRange(
    source: NodeId,
    sourceOffset: number,
    target: NodeId,
    targetOffset: number,
    length: number,
  ): Result<number> {
    const from = this.#inode(source);
    if (isFailure(from)) return from;
    const to = this.#inode(target);
    if (isFailure(to)) return to;
    return copyFile(this.#table, from, sourceOffset, to, targetOffset, length);
  }

  setxattr(nodeid: NodeId, name: string, value: Buffer, flags: number): Result<0> {
    const inode = this.#inode(nodeid);
    if (isFailure(inode)) return inode;
    const result = setXattr(this.#budget, inode, name, value, flags);
    if (!isFailure(result)) inode.touchChange(this.#table.now());
    return result;
  }

  getxattr(nodeid: NodeId, name: string): Result<Buffer> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : getXattr(inode, name);
  }

  listxattr(nodeid: NodeId): Result<readonly string[]> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : listXattrs(inode);
  }

  removexattr(nodeid: NodeId, name: string): Result<0> {
    const inode = this.#inode(nodeid);
    if (isFailure(inode)) return inode;
    const result = removeXattr(this.#budget, inode, name);
    if (!isFailure(result)) inode.touchChange(this.#table.now());
    return result;
  }

  getlk(nodeid: NodeId, request: LockRequest): Result<LockConflict | undefined> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : this.#locks.getlk(nodeid, request);
  }

  setlk(nodeid: NodeId, request: LockRequest): Result<0> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : this.#locks.setlk(nodeid, request);
  }

  setlkw(nodeid: NodeId, request: LockRequest, settle: (result: Result<0>) => void): Result<0> | LockTicket {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : this.#locks.setlkw(nodeid, request, settle);
  }

  cancelLock(ticket: LockTicket): boolean {
    return this.#locks.cancel(ticket);
  }

  releaseRecordLocks(nodeid: NodeId, owner: LockOwner): void {
    this.#locks.releaseRecordLocks(nodeid, owner);
  }

  releaseFlock(nodeid: NodeId, owner: LockOwner): void {
    this.#locks.releaseFlock(nodeid, owner);
  }

  #inode(nodeid: NodeId): Result<Inode> {
    return this.#table.get(nodeid) ?? fail('ESTALE');
  }

  /** "..": the root's own is itself, and a removed directory's too. */
  #parentOf(directory: Inode): Inode {
    return directory.entry?.parent ?? directory;
  }
}

function attributesOf(inode: Result<Inode>): Result<Attributes> {
  return isFailure(inode) ? inode : inode.attributes();
}
