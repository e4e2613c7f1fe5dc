/**
 * The memory store: finds the inode of each call and hands it to the part that knows.  Owns
 * nothing but the composition: names are namespace.ts's and rename.ts's, bytes file-operations.ts's.
 * A node id that is not known answers ESTALE.
 */
import type { NodeId } from '../../base/branded.js';
import { fail, isFailure, type Result } from '../failure.js';
import type { LockConflict, LockOwner, LockRequest, LockTicket } from '../lock.js';
import { LockTable } from '../locks/lock-table.js';
import { S_IALLUGO, S_IFDIR } from '../mode.js';
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
import { changeAttributes } from './attribute-change.js';
import { Budget, type StoreLimits } from './budget.js';
import { PAGE_BYTES } from './chunk.js';
import { allocateFile, copyFile, readFile, seekFile, writeFile } from './file-operations.js';
import type { Inode } from './inode.js';
import { InodeTable } from './inode-table.js';
import { listDirectory, parentOf } from './listing.js';
import { NAME_MAX, Namespace } from './namespace.js';
import { PathCache } from './path-cache.js';
import { rename } from './rename.js';
import { getXattr, listXattrs, removeXattr, setXattr } from './xattr.js';

export interface MemoryStoreOptions extends StoreLimits {
  readonly now: Clock;
  /** Permission bits of the root directory. Default 0755. */
  readonly rootMode?: number | undefined;
}

export class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly failure = undefined;
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
    if (name === '..' && directory.isDirectory) return parentOf(directory).attributes();
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
    const changed = changeAttributes(this.#table, inode, change);
    return isFailure(changed) ? changed : inode.attributes();
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
    return listDirectory(this.#table, file, cookie, visit);
  }

  read(nodeid: NodeId, offset: number, size: number, into: Buffer): Result<number> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : readFile(this.#table, inode, offset, size, into);
  }

  write(nodeid: NodeId, offset: number, data: Buffer, killPriv: boolean): Result<number> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : writeFile(this.#table, inode, offset, data, killPriv);
  }

  /** What the store has been given is as durable as it gets. */
  fsync(nodeid: NodeId): Result<0> {
    const inode = this.#inode(nodeid);
    return isFailure(inode) ? inode : 0;
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
}

function attributesOf(inode: Result<Inode>): Result<Attributes> {
  return isFailure(inode) ? inode : inode.attributes();
}
