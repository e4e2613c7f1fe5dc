/**
 * Replies to operations of libfuse: each is given to whoever waits for that unique, exactly once.  Knows nothing of
 * the operations; a reply that nobody waits for any more is counted as refused, as the kernel does it.
 */
import type { NodeId, Unique } from '../../base/branded.js';
import type { DirentBuilder } from '../../protocol/dirent.js';
import { OUT_HEADER_SIZE } from '../../protocol/reply.js';
import type { Attr, AttrOut } from '../../protocol/reply-attr.js';
import type { EntryOut, OpenOut } from '../../protocol/reply-entry.js';
import type { Kstatfs } from '../../protocol/reply-session.js';
import type { Replies, ReplyCounters } from '../replies.js';

/** Byte ranges are valid only during the call. */
export type Answer =
  | { readonly kind: 'error'; readonly errno: number }
  | { readonly kind: 'empty' }
  | { readonly kind: 'entry'; readonly nodeid: NodeId }
  | { readonly kind: 'create'; readonly nodeid: NodeId; readonly fh: number }
  | { readonly kind: 'open'; readonly fh: number }
  | { readonly kind: 'attr'; readonly attr: Attr }
  /** Bytes written, or the size of an extended attribute. */
  | { readonly kind: 'size'; readonly sizeBytes: number }
  | { readonly kind: 'data'; readonly data: Uint8Array }
  /** struct fuse_dirent records. */
  | { readonly kind: 'directory'; readonly records: Buffer }
  | { readonly kind: 'statfs'; readonly statfs: Kstatfs }
  /** Of an opcode that libfuse never passes on. */
  | { readonly kind: 'other' };

export type Settle = (answer: Answer) => void;

export class LibfuseReplies implements Replies {
  private readonly waiting = new Map<Unique, Settle>();
  private room = Buffer.allocUnsafeSlow(1 << 17);
  private sent = 0;
  private refused = 0;

  get counters(): ReplyCounters {
    return { sent: this.sent, refused: this.refused };
  }

  expect(unique: Unique, settle: Settle): void {
    this.waiting.set(unique, settle);
  }

  /** Ends every wait with an errno, for when the connection is over. */
  abandon(errno: number): void {
    for (const [unique, settle] of this.waiting) {
      this.waiting.delete(unique);
      settle({ kind: 'error', errno });
    }
  }

  private answer(unique: Unique, answer: Answer): void {
    const settle = this.waiting.get(unique);
    if (settle === undefined) {
      this.refused += 1;
      return;
    }
    this.waiting.delete(unique);
    this.sent += 1;
    settle(answer);
  }

  error(unique: Unique, errno: number): void {
    this.answer(unique, { kind: 'error', errno });
  }

  empty(unique: Unique): void {
    this.answer(unique, { kind: 'empty' });
  }

  entry(unique: Unique, { nodeid }: EntryOut): void {
    this.answer(unique, { kind: 'entry', nodeid });
  }

  create(unique: Unique, { nodeid }: EntryOut, { fh }: OpenOut): void {
    this.answer(unique, { kind: 'create', nodeid, fh: Number(fh) });
  }

  open(unique: Unique, { fh }: OpenOut): void {
    this.answer(unique, { kind: 'open', fh: Number(fh) });
  }

  attr(unique: Unique, { attr }: AttrOut): void {
    this.answer(unique, { kind: 'attr', attr });
  }

  write(unique: Unique, sizeBytes: number): void {
    this.answer(unique, { kind: 'size', sizeBytes });
  }

  xattrSize(unique: Unique, sizeBytes: number): void {
    this.answer(unique, { kind: 'size', sizeBytes });
  }

  data(unique: Unique, data: Uint8Array): void {
    this.answer(unique, { kind: 'data', data });
  }

  readInto(sizeBytes: number): Buffer {
    if (this.room.length < sizeBytes) this.room = Buffer.allocUnsafeSlow(sizeBytes);
    return this.room.subarray(0, sizeBytes);
  }

  sendRead(unique: Unique, sizeBytes: number): void {
    this.answer(unique, { kind: 'data', data: this.room.subarray(0, sizeBytes) });
  }

  directory(unique: Unique, entries: DirentBuilder): void {
    this.answer(unique, { kind: 'directory', records: entries.finish(unique).subarray(OUT_HEADER_SIZE) });
  }

  statfs(unique: Unique, statfs: Kstatfs): void {
    this.answer(unique, { kind: 'statfs', statfs });
  }

  init(unique: Unique): void {
    this.answer(unique, { kind: 'other' });
  }

  initMajor(unique: Unique): void {
    this.answer(unique, { kind: 'other' });
  }

  negativeEntry(unique: Unique): void {
    this.answer(unique, { kind: 'other' });
  }

  lseek(unique: Unique): void {
    this.answer(unique, { kind: 'other' });
  }

  copyFileRange64(unique: Unique): void {
    this.answer(unique, { kind: 'other' });
  }

  lock(unique: Unique): void {
    this.answer(unique, { kind: 'other' });
  }
}
