/**
 * One inode of the memory store: its attributes, its content by type, and the names it goes by.
 * Owns no rules about the tree; when it dies is the inode table's business.
 */
import type { NodeId } from '../../base/branded.js';
import { S_IFDIR, S_IFMT, S_IFREG, S_ISGID, S_ISUID, S_IXGRP } from '../mode.js';
import type { Attributes, Timestamp } from '../store.js';
import { PAGE_BYTES } from './chunk.js';
import type { Directory, Entry } from './directory.js';
import type { FileData } from './file-data.js';

const RELATIME_SECONDS = 24 * 60 * 60;

/** A name of an inode in a directory. */
export type Name = Entry<Inode>;

export class Inode {
  nlink = 0;
  lookups = 0;
  opens = 0;
  rdev = 0;
  atimeSec: number;
  atimeNsec: number;
  mtimeSec: number;
  mtimeNsec: number;
  ctimeSec: number;
  ctimeNsec: number;
  /** A regular file's data; absent until the first byte. */
  data: FileData | undefined = undefined;
  directory: Directory<Inode> | undefined = undefined;
  /** A symlink's. */
  target: string | undefined = undefined;
  xattrs: Map<string, Buffer> | undefined = undefined;
  /** One of its names, and the others: a Set only for those that have several. */
  entry: Name | undefined = undefined;
  moreEntries: Set<Name> | undefined = undefined;

  constructor(
    readonly nodeid: NodeId,
    public mode: number,
    public uid: number,
    public gid: number,
    now: Timestamp,
  ) {
    this.atimeSec = now.sec;
    this.atimeNsec = now.nsec;
    this.mtimeSec = now.sec;
    this.mtimeNsec = now.nsec;
    this.ctimeSec = now.sec;
    this.ctimeNsec = now.nsec;
  }

  get isRegular(): boolean {
    return (this.mode & S_IFMT) === S_IFREG;
  }

  get isDirectory(): boolean {
    return (this.mode & S_IFMT) === S_IFDIR;
  }

  attributes(): Attributes {
    return {
      nodeid: this.nodeid,
      mode: this.mode,
      nlink: this.nlink,
      uid: this.uid,
      gid: this.gid,
      rdev: this.rdev,
      size: this.#size(),
      blocks: this.data?.blocks ?? 0,
      blksize: PAGE_BYTES,
      atimeSec: this.atimeSec,
      atimeNsec: this.atimeNsec,
      mtimeSec: this.mtimeSec,
      mtimeNsec: this.mtimeNsec,
      ctimeSec: this.ctimeSec,
      ctimeNsec: this.ctimeNsec,
    };
  }

  /** As the kernel's relatime: only when the old one says less than it seems to, or is a day old. */
  touchAccess(now: Timestamp): void {
    const { atimeSec, atimeNsec } = this;
    const isNewer =
      isAfter(atimeSec, atimeNsec, this.mtimeSec, this.mtimeNsec) &&
      isAfter(atimeSec, atimeNsec, this.ctimeSec, this.ctimeNsec);
    if (isNewer && now.sec - atimeSec < RELATIME_SECONDS) return;
    this.atimeSec = now.sec;
    this.atimeNsec = now.nsec;
  }

  /** mtime and ctime: the content changed. */
  touchContent(now: Timestamp): void {
    this.mtimeSec = now.sec;
    this.mtimeNsec = now.nsec;
    this.touchChange(now);
  }

  touchChange(now: Timestamp): void {
    this.ctimeSec = now.sec;
    this.ctimeNsec = now.nsec;
  }

  /** S_ISGID without group execution is mandatory locking, which no write clears (fs/attr.c). */
  dropPrivilegeBits(): void {
    if (this.isDirectory) return;
    this.mode &= (this.mode & S_IXGRP) !== 0 ? ~(S_ISUID | S_ISGID) : ~S_ISUID;
  }

  addEntry(entry: Name): void {
    if (this.entry === undefined) {
      this.entry = entry;
      return;
    }
    this.moreEntries ??= new Set();
    this.moreEntries.add(entry);
  }

  removeEntry(entry: Name): void {
    if (this.entry !== entry) {
      this.moreEntries?.delete(entry);
    } else {
      this.entry = undefined;
      for (const other of this.moreEntries ?? []) {
        this.entry = other;
        this.moreEntries?.delete(other);
        break;
      }
    }
    if (this.moreEntries?.size === 0) this.moreEntries = undefined;
  }

  #size(): number {
    if (this.data !== undefined) return this.data.size;
    if (this.target !== undefined) return this.target.length;
    return this.directory === undefined ? 0 : PAGE_BYTES;
  }
}

function isAfter(sec: number, nsec: number, thanSec: number, thanNsec: number): boolean {
  return sec > thanSec || (sec === thanSec && nsec > thanNsec);
}
