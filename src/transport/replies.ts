/**
 * The replies of a server, one method for each shape.  A transport encodes and sends them; a request is answered
 * by exactly one call.  The kernel may refuse a reply (ENOENT: the request was aborted or interrupted meanwhile),
 * which concerns nobody but the counters.
 */
import type { Unique } from '../base/branded.js';
import type { DirentBuilder } from '../protocol/dirent.js';
import type { AttrOut } from '../protocol/reply-attr.js';
import type { EntryOut, OpenOut } from '../protocol/reply-entry.js';
import type { InitOut, Kstatfs } from '../protocol/reply-session.js';
import type { FileLock } from '../protocol/request-lock.js';

export interface ReplyCounters {
  readonly sent: number;
  /** Refused by the kernel: nobody waits for them any more. */
  readonly refused: number;
}

export interface Replies {
  readonly counters: ReplyCounters;
  /** @param errno positive */
  error(unique: Unique, errno: number): void;
  empty(unique: Unique): void;
  init(unique: Unique, out: InitOut): void;
  /** The kernel speaks a later major version: tells it ours, and it asks again. */
  initMajor(unique: Unique): void;
  entry(unique: Unique, entry: EntryOut): void;
  /** "No such name", to be believed for that long. */
  negativeEntry(unique: Unique, validSec: number, validNsec: number): void;
  create(unique: Unique, entry: EntryOut, open: OpenOut): void;
  attr(unique: Unique, out: AttrOut): void;
  open(unique: Unique, open: OpenOut): void;
  write(unique: Unique, sizeBytes: number): void;
  /** Copies or sends `data` before it returns. */
  data(unique: Unique, data: Uint8Array): void;
  /** Room for up to `sizeBytes` of file data, valid until the next call; then `sendRead` sends what was put there. */
  readInto(sizeBytes: number): Buffer;
  sendRead(unique: Unique, sizeBytes: number): void;
  directory(unique: Unique, entries: DirentBuilder): void;
  lseek(unique: Unique, offsetBytes: number): void;
  copyFileRange64(unique: Unique, bytes: number): void;
  lock(unique: Unique, lock: FileLock): void;
  statfs(unique: Unique, statfs: Kstatfs): void;
  xattrSize(unique: Unique, sizeBytes: number): void;
}
