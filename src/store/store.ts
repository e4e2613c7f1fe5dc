/**
 * The file tree that is served: what the daemon asks of it, whichever way it is kept.
 * Below the Linux VFS: the kernel has resolved the path, checked permissions (default_permissions) and applied
 * the umask.  The store keeps the tree, the data, ownership and times; it knows nothing of the wire format.
 * Every call is synchronous and answers a value or a `Failure`.  Names, xattr names and symlink targets are
 * byte strings: one char (0-255) a byte.
 */
import type { NodeId } from '../base/branded.js';
import type { Result } from './failure.js';
import type { LockConflict, LockOwner, LockRequest, LockTicket } from './lock.js';

/** Seconds may be negative (before 1970) and exceed 32 bits; nsec is 0 to 999,999,999. */
export interface Timestamp {
  readonly sec: number;
  readonly nsec: number;
}

export type Clock = () => Timestamp;

/** A snapshot: it does not follow later changes. */
export interface Attributes {
  /** Never given out twice within one mount, so a generation of 0 does for all of them. */
  readonly nodeid: NodeId;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Device number of a character or block device as it was given to mknod, else 0. */
  readonly rdev: number;
  readonly size: number;
  /** Allocated 512-byte units. */
  readonly blocks: number;
  readonly blksize: number;
  readonly atimeSec: number;
  readonly atimeNsec: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  readonly ctimeSec: number;
  readonly ctimeNsec: number;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What is absent stays as it is; ctime becomes now unless it is given. */
export interface AttributeChange {
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly size?: number | undefined;
  readonly atime?: Timestamp | 'now' | undefined;
  readonly mtime?: Timestamp | 'now' | undefined;
  readonly ctime?: Timestamp | undefined;
  /** Drop S_ISUID, S_ISGID of a group-executable file, and file capabilities (FATTR_KILL_SUIDGID). */
  readonly killPriv?: boolean | undefined;
}

/** Counted in `blockSize` bytes and in inodes, as statfs(2). */
export interface FilesystemStatus {
  readonly blockSize: number;
  readonly blocks: number;
  readonly blocksFree: number;
  readonly files: number;
  readonly filesFree: number;
  readonly nameMax: number;
}

/** What is alive now; for tests, metrics and leak checks. The root is not counted. */
export interface StoreCounters {
  readonly nrInodes: number;
  readonly nrLookups: number;
  readonly nrOpen: number;
  /** Locks held and waited for. */
  readonly nrLocks: number;
  /** Memory: data and metadata as charged against the limit. Backing: what its whole filesystem has in use. */
  readonly usedBytes: number;
}

/** An open file or directory. */
export type Handle = number;

/**
 * Takes one directory entry; false when it has no room, and then the entry was not taken.
 * `type` is DT_* (mode >> 12); a listing resumed at `cookie` goes on after this entry.
 */
export type EntryVisitor = (name: string, nodeid: NodeId, type: number, cookie: number) => boolean;

/**
 * Inodes and their lifetime.  An inode lives while it has a name, is open, or the kernel remembers it.
 * Nothing is remembered implicitly: for each entry that goes out in a reply (LOOKUP, CREATE, MKNOD, MKDIR,
 * SYMLINK, LINK, TMPFILE, and READDIRPLUS but for "." and "..") the daemon calls `remember`.
 */
interface InodeStore {
  lookup(parent: NodeId, name: string): Result<Attributes>;
  remember(nodeid: NodeId): void;
  /** An unknown inode is ignored: FORGET has no reply to fail. */
  forget(nodeid: NodeId, nlookup: number): void;
  getattr(nodeid: NodeId): Result<Attributes>;
  setattr(nodeid: NodeId, change: AttributeChange): Result<Attributes>;
  /** "/dir/file" by one of its names; undefined when it has none. */
  pathOf(nodeid: NodeId): string | undefined;
  statfs(): Result<FilesystemStatus>;
  counters(): StoreCounters;
}

interface NameStore {
  /** Regular files, fifos, sockets and devices, by the type in `mode`. */
  mknod(parent: NodeId, name: string, mode: number, rdev: number, owner: Owner): Result<Attributes>;
  mkdir(parent: NodeId, name: string, mode: number, owner: Owner): Result<Attributes>;
  symlink(parent: NodeId, name: string, target: string, owner: Owner): Result<Attributes>;
  /** A regular file without a name. It must be opened or remembered next, or it is never freed. */
  tmpfile(parent: NodeId, mode: number, owner: Owner): Result<Attributes>;
  readlink(nodeid: NodeId): Result<string>;
  link(nodeid: NodeId, newParent: NodeId, newName: string): Result<Attributes>;
  unlink(parent: NodeId, name: string): Result<0>;
  rmdir(parent: NodeId, name: string): Result<0>;
  /** `flags` of renameat2(2): 0, RENAME_NOREPLACE or RENAME_EXCHANGE, else EINVAL. */
  rename(parent: NodeId, name: string, newParent: NodeId, newName: string, flags: number): Result<0>;
}

interface DataStore {
  open(nodeid: NodeId): Result<Handle>;
  opendir(nodeid: NodeId): Result<Handle>;
  /** Ends an open or an opendir. */
  release(handle: Handle): Result<0>;
  /** Entries after `cookie` (0: from the start) as the directory was at opendir or at the last rewind. */
  readdir(handle: Handle, cookie: number, visit: EntryVisitor): Result<0>;
  /** Bytes read into the start of `into`: less than `size` only at the end of the file. */
  read(nodeid: NodeId, offset: number, size: number, into: Buffer): Result<number>;
  /** Bytes written: fewer when the store is full; ENOSPC when none, EFBIG above the largest file. */
  write(nodeid: NodeId, offset: number, data: Buffer, killPriv: boolean): Result<number>;
  /** Returns when the file, or its data only, is as durable as the store can make it. */
  fsync(nodeid: NodeId, dataOnly: boolean): Result<0>;
  fallocate(nodeid: NodeId, mode: number, offset: number, length: number): Result<0>;
  /** Whence SEEK_DATA or SEEK_HOLE only; the kernel answers the others itself. */
  lseek(nodeid: NodeId, offset: number, whence: number): Result<number>;
  copyFileRange(
    source: NodeId,
    sourceOffset: number,
    target: NodeId,
    targetOffset: number,
    length: number,
  ): Result<number>;
}

interface XattrStore {
  /** `flags`: 0, XATTR_CREATE or XATTR_REPLACE. */
  setxattr(nodeid: NodeId, name: string, value: Buffer, flags: number): Result<0>;
  getxattr(nodeid: NodeId, name: string): Result<Buffer>;
  /** All names; together with their terminating NULs they fit in XATTR_LIST_MAX bytes. */
  listxattr(nodeid: NodeId): Result<readonly string[]>;
  removexattr(nodeid: NodeId, name: string): Result<0>;
}

/** Record locks (fcntl) and flock locks; `LockRequest.flavor` tells them apart. */
interface LockStore {
  /** The lock that is in the way of this one, or undefined (F_UNLCK). */
  getlk(nodeid: NodeId, request: LockRequest): Result<LockConflict | undefined>;
  /** Locks or unlocks without waiting: EAGAIN when another owner is in the way. */
  setlk(nodeid: NodeId, request: LockRequest): Result<0>;
  /**
   * As setlk, but waits: 0 when done at once, else a ticket, and `settle` is called once, later, with 0 or a
   * failure.  EDEADLK at once when waiting would close a circle of record locks.
   */
  setlkw(nodeid: NodeId, request: LockRequest, settle: (result: Result<0>) => void): Result<0> | LockTicket;
  /** True when the wait was still on; it is over then, and `settle` is not called. */
  cancelLock(ticket: LockTicket): boolean;
  /** Drops all record locks of the owner on this inode: FLUSH. */
  releaseRecordLocks(nodeid: NodeId, owner: LockOwner): void;
  /** Drops the flock lock of the owner: RELEASE with FUSE_RELEASE_FLOCK_UNLOCK. */
  releaseFlock(nodeid: NodeId, owner: LockOwner): void;
}

export interface Store extends InodeStore, NameStore, DataStore, XattrStore, LockStore {
  readonly kind: 'memory' | 'backing';
  /** What went wrong last with what the store lies on, for people; undefined when nothing did. */
  readonly failure: string | undefined;
}
