/** Replies as they would be sent, kept as tuples; directory listings are read back from their bytes by hand. */
import type { Unique } from '../../../src/base/branded.js';
import type { DirentBuilder } from '../../../src/protocol/dirent.js';
import type { AttrOut } from '../../../src/protocol/reply-attr.js';
import type { EntryOut, OpenOut } from '../../../src/protocol/reply-entry.js';
import type { InitOut, Kstatfs } from '../../../src/protocol/reply-session.js';
import type { FileLock } from '../../../src/protocol/request-lock.js';
import type { Replies } from '../../../src/transport/replies.js';

/** Each begins with the method of Replies and the unique that it answers. */
export type Reply =
  | readonly ['error', bigint, number]
  | readonly ['empty', bigint]
  | readonly ['init', bigint, InitOut]
  | readonly ['initMajor', bigint]
  | readonly ['entry', bigint, EntryOut]
  | readonly ['negativeEntry', bigint, number, number]
  | readonly ['create', bigint, EntryOut, OpenOut]
  | readonly ['attr', bigint, AttrOut]
  | readonly ['open', bigint, OpenOut]
  | readonly ['write', bigint, number]
  | readonly ['data', bigint, string]
  | readonly ['read', bigint, string]
  | readonly ['directory', bigint, Buffer]
  | readonly ['lseek', bigint, number]
  | readonly ['copyFileRange64', bigint, number]
  | readonly ['lock', bigint, FileLock]
  | readonly ['statfs', bigint, Kstatfs]
  | readonly ['xattrSize', bigint, number];

export class RecordingReplies implements Replies {
  readonly sent: Reply[] = [];
  readonly counters = { sent: 0, refused: 0 };
  private room = Buffer.alloc(0);

  private keep(reply: Reply): void {
    this.sent.push(reply);
    this.counters.sent += 1;
  }

  /** What was sent since the last call. */
  take(): Reply[] {
    return this.sent.splice(0);
  }

  error(unique: Unique, errno: number): void {
    this.keep(['error', unique, errno]);
  }
  empty(unique: Unique): void {
    this.keep(['empty', unique]);
  }
  init(unique: Unique, out: InitOut): void {
    this.keep(['init', unique, out]);
  }
  initMajor(unique: Unique): void {
    this.keep(['initMajor', unique]);
  }
  entry(unique: Unique, entry: EntryOut): void {
    this.keep(['entry', unique, entry]);
  }
  negativeEntry(unique: Unique, validSec: number, validNsec: number): void {
    this.keep(['negativeEntry', unique, validSec, validNsec]);
  }
  create(unique: Unique, entry: EntryOut, open: OpenOut): void {
    this.keep(['create', unique, entry, open]);
  }
  attr(unique: Unique, out: AttrOut): void {
    this.keep(['attr', unique, out]);
  }
  open(unique: Unique, open: OpenOut): void {
    this.keep(['open', unique, open]);
  }
  write(unique: Unique, sizeBytes: number): void {
    this.keep(['write', unique, sizeBytes]);
  }
  data(unique: Unique, data: Uint8Array): void {
    this.keep(['data', unique, Buffer.from(data).toString('latin1')]);
  }
  readInto(sizeBytes: number): Buffer {
    this.room = Buffer.alloc(sizeBytes, 0xee);
    return this.room;
  }
  sendRead(unique: Unique, sizeBytes: number): void {
    this.keep(['read', unique, this.room.toString('latin1', 0, sizeBytes)]);
  }
  directory(unique: Unique, entries: DirentBuilder): void {
    this.keep(['directory', unique, Buffer.from(entries.finish(unique).subarray(16))]);
  }
  lseek(unique: Unique, offsetBytes: number): void {
    this.keep(['lseek', unique, offsetBytes]);
  }
  copyFileRange64(unique: Unique, bytes: number): void {
    this.keep(['copyFileRange64', unique, bytes]);
  }
  lock(unique: Unique, lock: FileLock): void {
    this.keep(['lock', unique, lock]);
  }
  statfs(unique: Unique, statfs: Kstatfs): void {
    this.keep(['statfs', unique, statfs]);
  }
  xattrSize(unique: Unique, sizeBytes: number): void {
    this.keep(['xattrSize', unique, sizeBytes]);
  }
}

export interface ListedEntry {
  readonly name: string;
  readonly ino: number;
  readonly off: number;
  readonly type: number;
  /** Of the entry before the dirent; undefined in a plain listing, 0 where the kernel is told nothing. */
  readonly nodeid: number | undefined;
}

const ENTRY_OUT = 128;

/** struct fuse_dirent or fuse_direntplus records, padded to 8 bytes. */
export function listedEntries(payload: Buffer, plus: boolean): ListedEntry[] {
  const entries: ListedEntry[] = [];
  for (let at = 0; at < payload.length; ) {
    const dirent = plus ? at + ENTRY_OUT : at;
    const length = payload.readUInt32LE(dirent + 16);
    entries.push({
      nodeid: plus ? Number(payload.readBigUInt64LE(at)) : undefined,
      ino: Number(payload.readBigUInt64LE(dirent)),
      off: Number(payload.readBigUInt64LE(dirent + 8)),
      type: payload.readUInt32LE(dirent + 20),
      name: payload.toString('latin1', dirent + 24, dirent + 24 + length),
    });
    at = (dirent + 24 + length + 7) & ~7;
  }
  return entries;
}
