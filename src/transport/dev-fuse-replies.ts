/**
 * Replies as bytes to /dev/fuse: one write(2) each, from a buffer that is used again for the next.
 * Authority: fuse_dev_do_write() in fs/fuse/dev.c.
 */
import type { Unique } from '../base/branded.js';
import type { DirentBuilder } from '../protocol/dirent.js';
import {
  encodeData,
  encodeEmptyInto,
  encodeErrorInto,
  encodeReplyHeader,
  OUT_HEADER_SIZE,
} from '../protocol/reply.js';
import { type AttrOut, encodeAttrInto } from '../protocol/reply-attr.js';
import {
  type EntryOut,
  encodeCreateInto,
  encodeEntryInto,
  encodeNegativeEntryInto,
  type OpenOut,
} from '../protocol/reply-entry.js';
import {
  encodeCopyFileRange,
  encodeLock,
  encodeLseek,
  encodeOpenInto,
  encodeWriteInto,
} from '../protocol/reply-io.js';
import {
  encodeInit,
  encodeInitMajor,
  encodeStatfs,
  encodeXattrSize,
  type InitOut,
  type Kstatfs,
} from '../protocol/reply-session.js';
import type { FileLock } from '../protocol/request-lock.js';
import { write } from '../syscall/file.js';
import type { Replies, ReplyCounters } from './replies.js';

/** Larger than any reply of fixed size. */
const SMALL_BYTES = 512;

export class DevFuseReplies implements Replies {
  private readonly small = Buffer.allocUnsafeSlow(SMALL_BYTES);
  /** fuse_out_header and the data of a READ. */
  protected large = Buffer.allocUnsafeSlow(1 << 17);
  private sent = 0;
  private refused = 0;

  constructor(protected readonly fd: number) {}

  get counters(): ReplyCounters {
    return { sent: this.sent, refused: this.refused };
  }

  private send(reply: Uint8Array, length: number): void {
    this.count(write(this.fd, reply, length) === length);
  }

  protected count(isTaken: boolean): void {
    if (isTaken) this.sent += 1;
    else this.refused += 1;
  }

  private sendWhole(reply: Uint8Array): void {
    this.send(reply, reply.length);
  }

  error(unique: Unique, errno: number): void {
    this.send(this.small, encodeErrorInto(this.small, unique, errno));
  }

  empty(unique: Unique): void {
    this.send(this.small, encodeEmptyInto(this.small, unique));
  }

  init(unique: Unique, out: InitOut): void {
    this.sendWhole(encodeInit(unique, out));
  }

  initMajor(unique: Unique): void {
    this.sendWhole(encodeInitMajor(unique));
  }

  entry(unique: Unique, entry: EntryOut): void {
    this.send(this.small, encodeEntryInto(this.small, unique, entry));
  }

  negativeEntry(unique: Unique, validSec: number, validNsec: number): void {
    this.send(this.small, encodeNegativeEntryInto(this.small, unique, validSec, validNsec));
  }

  create(unique: Unique, entry: EntryOut, open: OpenOut): void {
    this.send(this.small, encodeCreateInto(this.small, unique, entry, open));
  }

  attr(unique: Unique, out: AttrOut): void {
    this.send(this.small, encodeAttrInto(this.small, unique, out));
  }

  open(unique: Unique, open: OpenOut): void {
    this.send(this.small, encodeOpenInto(this.small, unique, open));
  }

  write(unique: Unique, sizeBytes: number): void {
    this.send(this.small, encodeWriteInto(this.small, unique, sizeBytes));
  }

  data(unique: Unique, data: Uint8Array): void {
    this.sendWhole(encodeData(unique, data));
  }

  readInto(sizeBytes: number): Buffer {
    const length = OUT_HEADER_SIZE + sizeBytes;
    if (this.large.length < length) this.large = Buffer.allocUnsafeSlow(length);
    return this.large.subarray(OUT_HEADER_SIZE, length);
  }

  sendRead(unique: Unique, sizeBytes: number): void {
    encodeReplyHeader(this.large, unique, 0, sizeBytes);
    this.send(this.large, OUT_HEADER_SIZE + sizeBytes);
  }

  directory(unique: Unique, entries: DirentBuilder): void {
    this.sendWhole(entries.finish(unique));
  }

  lseek(unique: Unique, offsetBytes: number): void {
    this.sendWhole(encodeLseek(unique, offsetBytes));
  }

  copyFileRange64(unique: Unique, bytes: number): void {
    this.sendWhole(encodeCopyFileRange(unique, bytes));
  }

  lock(unique: Unique, lock: FileLock): void {
    this.sendWhole(encodeLock(unique, lock));
  }

  statfs(unique: Unique, statfs: Kstatfs): void {
    this.sendWhole(encodeStatfs(unique, statfs));
  }

  xattrSize(unique: Unique, sizeBytes: number): void {
    this.sendWhole(encodeXattrSize(unique, sizeBytes));
  }
}
