/**
 * READs answered by splice(2): header and data go into a pipe, the pipe to /dev/fuse.  With SPLICE_F_MOVE the pages of
 * the pipe themselves become the file's folios.  All other replies, and a READ that the pipe refuses, are written.
 * Authority: fuse_dev_splice_write() and fuse_try_move_folio() in fs/fuse/dev.c.
 */
import type { Unique } from '../../base/branded.js';
import { encodeReplyHeader, OUT_HEADER_SIZE } from '../../protocol/reply.js';
import { write } from '../../syscall/file.js';
import { SPLICE_F_MOVE, splice } from '../../syscall/pipe.js';
import { DevFuseReplies } from '../dev-fuse-replies.js';
import { MessagePipe } from './message-pipe.js';
import type { PageSource } from './page-source.js';

export interface SpliceRepliesOptions {
  /** The largest READ, in pages. */
  readonly maxPages: number;
  readonly move: boolean;
  readonly source: PageSource;
}

export class SpliceReplies extends DevFuseReplies {
  private readonly outgoing: MessagePipe;
  private readonly flags: number;

  constructor(
    fd: number,
    private readonly options: SpliceRepliesOptions,
  ) {
    super(fd);
    this.outgoing = new MessagePipe(options.maxPages);
    this.flags = options.move ? SPLICE_F_MOVE : 0;
  }

  override sendRead(unique: Unique, sizeBytes: number): void {
    if (sizeBytes > 0 && this.sendSpliced(unique, sizeBytes)) this.count(true);
    // The kernel may have refused the reply, and then does so again.
    else super.sendRead(unique, sizeBytes);
  }

  private sendSpliced(unique: Unique, sizeBytes: number): boolean {
    const { outgoing } = this;
    const length = OUT_HEADER_SIZE + sizeBytes;
    encodeReplyHeader(this.large, unique, 0, sizeBytes);
    const isSent =
      write(outgoing.writeFd, this.large, OUT_HEADER_SIZE) === OUT_HEADER_SIZE &&
      this.options.source.fill(outgoing.writeFd, this.large.subarray(OUT_HEADER_SIZE, length)) === 0 &&
      splice(outgoing.readFd, this.fd, length, this.flags) === length;
    if (!isSent) outgoing.empty();
    return isSent;
  }

  close(): void {
    this.outgoing.close();
  }
}
