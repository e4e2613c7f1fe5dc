/**
 * The inodes there are and how long they live: while they have a name, are open, or the kernel remembers them
 * (fs/fuse/inode.c: nlookup).  Owns node ids, open handles and what an inode costs.
 */
import type { NodeId } from '../../base/branded.js';
import { fail, type Result } from '../failure.js';
import { S_IFDIR, S_IFMT } from '../mode.js';
import type { Clock, Handle } from '../store.js';
import type { Budget } from './budget.js';
import { Directory } from './directory.js';
import { FileData } from './file-data.js';
import { Inode } from './inode.js';
import { freeXattrs } from './xattr.js';

export const ROOT_ID = 1 as NodeId;
/** What an inode of each kind takes on the V8 heap with its place in the table, as measured, rounded up. */
const INODE_BYTES = 256;
const DIRECTORY_BYTES = 576;
const FILE_DATA_BYTES = 96;

export interface OpenFile {
  readonly inode: Inode;
  /** For a directory: the listing ends before this cookie. */
  endCookie: number;
}

export class InodeTable {
  readonly root: Inode;
  readonly #inodes = new Map<NodeId, Inode>();
  readonly #open = new Map<Handle, OpenFile>();
  #nextNodeId: number = ROOT_ID + 1;
  #nextHandle = 1;
  #nrLookups = 0;

  constructor(
    readonly budget: Budget,
    readonly now: Clock,
    rootMode: number,
    private readonly whenReaped: (inode: Inode) => void,
  ) {
    this.root = new Inode(ROOT_ID, rootMode, 0, 0, now());
    this.root.directory = new Directory();
    this.root.nlink = 2;
    this.#inodes.set(ROOT_ID, this.root);
  }

  get nrLookups(): number {
    return this.#nrLookups;
  }

  get nrOpen(): number {
    return this.#open.size;
  }

  get(nodeid: NodeId): Inode | undefined {
    return this.#inodes.get(nodeid);
  }

  /** A new inode without a name; `target` makes the cost of a symlink. */
  create(mode: number, uid: number, gid: number, target?: string): Result<Inode> {
    const isDirectory = (mode & S_IFMT) === S_IFDIR;
    const inode = new Inode(this.#nextNodeId as NodeId, mode, uid, gid, this.now());
    if (isDirectory) inode.directory = new Directory();
    inode.target = target;
    if (!this.budget.chargeInode(inodeBytes(inode))) return fail('ENOSPC');
    this.#nextNodeId++;
    this.#inodes.set(inode.nodeid, inode);
    return inode;
  }

  /** The data of a regular file, made when it is first needed. */
  dataOf(inode: Inode): Result<FileData> {
    if (inode.data === undefined) {
      if (!this.budget.chargeMetadata(FILE_DATA_BYTES)) return fail('ENOSPC');
      inode.data = new FileData();
    }
    return inode.data;
  }

  remember(nodeid: NodeId): void {
    const inode = this.#inodes.get(nodeid);
    if (inode === undefined) return;
    inode.lookups++;
    this.#nrLookups++;
  }

  forget(nodeid: NodeId, nlookup: number): void {
    const inode = this.#inodes.get(nodeid);
    if (inode === undefined) return;
    const nr = Math.min(nlookup, inode.lookups);
    inode.lookups -= nr;
    this.#nrLookups -= nr;
    this.reap(inode);
  }

  open(inode: Inode): Handle {
    const handle = this.#nextHandle++;
    this.#open.set(handle, { inode, endCookie: inode.directory?.endCookie ?? 0 });
    inode.opens++;
    return handle;
  }

  file(handle: Handle): OpenFile | undefined {
    return this.#open.get(handle);
  }

  release(handle: Handle): Result<0> {
    const file = this.#open.get(handle);
    if (file === undefined) return fail('EBADF');
    this.#open.delete(handle);
    file.inode.opens--;
    this.reap(file.inode);
    return 0;
  }

  /** Frees the inode when nothing holds it any more. */
  reap(inode: Inode): void {
    if (inode.nlink > 0 || inode.lookups > 0 || inode.opens > 0 || inode === this.root) return;
    if (!this.#inodes.delete(inode.nodeid)) return;
    if (inode.data !== undefined) {
      inode.data.free(this.budget);
      this.budget.refundMetadata(FILE_DATA_BYTES);
    }
    freeXattrs(this.budget, inode);
    this.budget.refundInode(inodeBytes(inode));
    this.whenReaped(inode);
  }
}

function inodeBytes(inode: Inode): number {
  return INODE_BYTES + (inode.directory === undefined ? 0 : DIRECTORY_BYTES) + (inode.target?.length ?? 0);
}
