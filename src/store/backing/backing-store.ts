/**
 * The store that serves a directory of this machine, so that data survives.  Finds the node of each call and hands it
 * to the part that knows; refuses everything once the directory has vanished.  Locks are this mount's own: nobody
 * outside sees them.  Every call is a system call on the directory and takes as long as that takes.
 */
import type { NodeId } from '../../base/branded.js';
import { readlinkOf } from '../../syscall/names-at.js';
import { fstatvfs, type Statvfs, statx } from '../../syscall/statx.js';
import { fail, isFailure, type Result } from '../failure.js';
import type { LockConflict, LockOwner, LockRequest, LockTicket } from '../lock.js';
import { LockTable } from '../locks/lock-table.js';
import { S_IFDIR, S_IFLNK } from '../mode.js';
import type {
  AttributeChange,
  Attributes,
  EntryVisitor,
  FilesystemStatus,
  Handle,
  Owner,
  Store,
  StoreCounters,
} from '../store.js';
import { changeAttributes, readAttributes } from './attributes.js';
import { allocateFile, copyFile, readFile, seekFile, syncFile, writeFile } from './data.js';
import { Descriptors } from './descriptors.js';
import { Handles } from './handles.js';
import { Health, type HealthOptions } from './health.js';
import * as names from './namespace.js';
import { NodeTable } from './node-table.js';
import { openRoot, unusable } from './root-directory.js';
import { Tree } from './tree.js';
import { getXattr, listXattrs, removeXattr, setXattr } from './xattr.js';

const MAX_LOCKS = 65_536;
const MAX_IDLE_NODES = 4096;

export interface BackingStoreOptions extends Omit<HealthOptions, 'rootFd'> {
  /** Of O_PATH descriptors, and of those for data, between operations. */
  readonly maxDescriptors: number;
}

export class BackingStore implements Store {
  readonly kind = 'backing';
  readonly #rootFd: number;
  readonly #tree: Tree;
  readonly #handles: Handles;
  readonly #locks = new LockTable(MAX_LOCKS);
  /** Operations within operations. */
  #depth = 0;

  /** Throws UsageError. */
  constructor(options: BackingStoreOptions) {
    const { directory, maxDescriptors } = options;
    this.#rootFd = openRoot(directory);
    const stat = statx(this.#rootFd);
    if (typeof stat === 'number') throw unusable(directory, stat);
    const table = new NodeTable({ ...stat, type: S_IFDIR }, MAX_IDLE_NODES, (node) => {
      descriptors.drop(node);
      this.#locks.drop(node.nodeid);
    });
    const descriptors = new Descriptors(table, maxDescriptors);
    table.root.pathFd = this.#rootFd;
    this.#tree = new Tree(table, descriptors, new Health({ ...options, rootFd: this.#rootFd }));
    this.#handles = new Handles(this.#tree);
  }

  get failure(): string | undefined {
    return this.#tree.health.failure;
  }

  lookup(parent: NodeId, name: string): Result<Attributes> {
    return this.#do(() => names.lookup(this.#tree, parent, name));
  }

  remember(nodeid: NodeId): void {
    const node = this.#tree.table.get(nodeid);
    if (node !== undefined) this.#tree.table.remember(node);
  }

  forget(nodeid: NodeId, nlookup: number): void {
    const node = this.#tree.table.get(nodeid);
    if (node !== undefined) this.#tree.table.forget(node, nlookup);
  }

  getattr(nodeid: NodeId): Result<Attributes> {
    return this.#do(() => {
      const opened = this.#tree.open(nodeid);
      return isFailure(opened) ? opened : readAttributes(opened);
    });
  }

  setattr(nodeid: NodeId, change: AttributeChange): Result<Attributes> {
    return this.#do(() => {
      const opened = this.#tree.open(nodeid);
      return isFailure(opened) ? opened : changeAttributes(this.#tree, opened, change);
    });
  }

  pathOf(nodeid: NodeId): string | undefined {
    const node = this.#tree.table.get(nodeid);
    return node === undefined ? undefined : this.#tree.table.pathOf(node);
  }

  statfs(): Result<FilesystemStatus> {
    return this.#do(() => {
      const status = fstatvfs(this.#rootFd);
      if (isFailure(status)) return status;
      const { frsize, blocks, bavail, files, ffree, namemax } = status as Statvfs;
      return { blockSize: frsize, blocks, blocksFree: bavail, files, filesFree: ffree, nameMax: namemax };
    });
  }

  counters(): StoreCounters {
    const status = fstatvfs(this.#rootFd);
    const { table } = this.#tree;
    return {
      nrInodes: table.size,
      nrLookups: table.nrLookups,
      nrOpen: this.#handles.nrOpen,
      nrLocks: this.#locks.nrLocks,
      usedBytes: typeof status === 'number' ? 0 : (status.blocks - status.bfree) * status.frsize,
    };
  }

  mknod(parent: NodeId, name: string, mode: number, rdev: number, owner: Owner): Result<Attributes> {
    return this.#do(() => names.mknod(this.#tree, parent, name, mode, rdev, owner));
  }

  mkdir(parent: NodeId, name: string, mode: number, owner: Owner): Result<Attributes> {
    return this.#do(() => names.mkdir(this.#tree, parent, name, mode, owner));
  }

  symlink(parent: NodeId, name: string, target: string, owner: Owner): Result<Attributes> {
    return this.#do(() => names.symlink(this.#tree, parent, name, target, owner));
  }

  tmpfile(parent: NodeId, mode: number, owner: Owner): Result<Attributes> {
    return this.#do(() => names.tmpfile(this.#tree, parent, mode, owner));
  }

  readlink(nodeid: NodeId): Result<string> {
    return this.#do(() => {
      const opened = this.#tree.open(nodeid);
      if (isFailure(opened)) return opened;
      return opened.node.type === S_IFLNK ? (readlinkOf(opened.fd) as Result<string>) : fail('EINVAL');
    });
  }

  link(nodeid: NodeId, newParent: NodeId, newName: string): Result<Attributes> {
    return this.#do(() => names.link(this.#tree, nodeid, newParent, newName));
  }

  unlink(parent: NodeId, name: string): Result<0> {
    return this.#do(() => names.unlink(this.#tree, parent, name));
  }

  rmdir(parent: NodeId, name: string): Result<0> {
    return this.#do(() => names.rmdir(this.#tree, parent, name));
  }

  rename(parent: NodeId, name: string, newParent: NodeId, newName: string, flags: number): Result<0> {
    return this.#do(() => names.rename(this.#tree, parent, name, newParent, newName, flags));
  }

  open(nodeid: NodeId): Result<Handle> {
    return this.#do(() => {
      const opened = this.#tree.open(nodeid);
      if (isFailure(opened)) return opened;
      return opened.node.type === S_IFDIR ? fail('EISDIR') : this.#handles.open(opened.node);
    });
  }

  opendir(nodeid: NodeId): Result<Handle> {
    return this.#do(() => {
      const directory = this.#tree.directory(nodeid);
      return isFailure(directory) ? directory : this.#handles.opendir(directory);
    });
  }

  /** Also when the directory has vanished. */
  release(handle: Handle): Result<0> {
    return this.#handles.release(handle);
  }

  readdir(handle: Handle, cookie: number, visit: EntryVisitor): Result<0> {
    return this.#do(() => this.#handles.readdir(handle, cookie, visit));
  }

  read(nodeid: NodeId, offset: number, size: number, into: Buffer): Result<number> {
    return this.#do(() => readFile(this.#tree, nodeid, offset, size, into));
  }

  write(nodeid: NodeId, offset: number, data: Buffer, killPriv: boolean): Result<number> {
    return this.#do(() => writeFile(this.#tree, nodeid, offset, data, killPriv));
  }

  fsync(nodeid: NodeId, dataOnly: boolean): Result<0> {
    return this.#do(() => syncFile(this.#tree, nodeid, dataOnly));
  }

  fallocate(nodeid: NodeId, mode: number, offset: number, length: number): Result<0> {
    return this.#do(() => allocateFile(this.#tree, nodeid, mode, offset, length));
  }

  lseek(nodeid: NodeId, offset: number, whence: number): Result<number> {
    return this.#do(() => seekFile(this.#tree, nodeid, offset, whence));
  }

  copyFileRange(source: NodeId, from: number, target: NodeId, to: number, length: number): Result<number> {
    return this.#do(() => copyFile(this.#tree, source, from, target, to, length));
  }

  setxattr(nodeid: NodeId, name: string, value: Buffer, flags: number): Result<0> {
    return this.#do(() => setXattr(this.#tree, nodeid, name, value, flags));
  }

  getxattr(nodeid: NodeId, name: string): Result<Buffer> {
    return this.#do(() => getXattr(this.#tree, nodeid, name));
  }

  listxattr(nodeid: NodeId): Result<readonly string[]> {
    return this.#do(() => listXattrs(this.#tree, nodeid));
  }

  removexattr(nodeid: NodeId, name: string): Result<0> {
    return this.#do(() => removeXattr(this.#tree, nodeid, name));
  }

  getlk(nodeid: NodeId, request: LockRequest): Result<LockConflict | undefined> {
    const node = this.#tree.node(nodeid);
    return isFailure(node) ? node : this.#locks.getlk(nodeid, request);
  }

  setlk(nodeid: NodeId, request: LockRequest): Result<0> {
    const node = this.#tree.node(nodeid);
    return isFailure(node) ? node : this.#locks.setlk(nodeid, request);
  }

  setlkw(nodeid: NodeId, request: LockRequest, settle: (result: Result<0>) => void): Result<0> | LockTicket {
    const node = this.#tree.node(nodeid);
    return isFailure(node) ? node : this.#locks.setlkw(nodeid, request, settle);
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

  /** Closes everything: for a store that goes before its process does. */
  close(): void {
    const { table, descriptors } = this.#tree;
    for (const node of table.all()) descriptors.drop(node);
  }

  /** An operation from start to end. A visitor of readdir may come back in the middle of one. */
  #do<T>(operation: () => Result<T>): Result<T> {
    const refusal = this.#tree.health.refusal();
    if (refusal !== undefined) return refusal;
    this.#depth++;
    try {
      return this.#tree.health.judge(operation());
    } finally {
      this.#depth--;
      if (this.#depth === 0) {
        this.#tree.table.trim();
        this.#tree.descriptors.trim();
      }
    }
  }
}
