/**
 * Requests by splice(2): the folios of a WRITE come into the pipe themselves, with a reference each, and their bytes
 * are read out of it.  Where a WRITE may be pinned the bytes are read from a tee(2) of the pipe, so that the folios
 * stay in it until the request has been dealt with.
 * Authority: fuse_dev_splice_read() and fuse_ref_folio() in fs/fuse/dev.c.
 */
import { Errno } from '../../base/errno.js';
import { Opcode } from '../../protocol/opcode.js';
import { read } from '../../syscall/file.js';
import { splice, tee } from '../../syscall/pipe.js';
import type { RequestReading } from '../request-reading.js';
import { MessagePipe } from './message-pipe.js';

/** fuse_in_header and fuse_write_in: what is ahead of the data of a WRITE. */
const WRITE_HEADER_BYTES = 80;
const OPCODE_AT = 4;

export interface SpliceReadingOptions {
  readonly fuseFd: number;
  /** The largest WRITE, in pages. */
  readonly maxPages: number;
  /** Whether the data of the next WRITE may have to stay. */
  readonly mayPin: () => boolean;
}

export class SpliceReading implements RequestReading {
  private readonly incoming: MessagePipe;
  private readonly twin: MessagePipe;
  private left = 0;

  constructor(private readonly options: SpliceReadingOptions) {
    this.incoming = new MessagePipe(options.maxPages);
    this.twin = new MessagePipe(options.maxPages);
  }

  /** The data of the last WRITE that is still in the pipe; 0 where none of it is. */
  get leftBytes(): number {
    return this.left;
  }

  next(into: Buffer): number {
    if (this.left > 0) this.dropLeft();
    const length = splice(this.options.fuseFd, this.incoming.writeFd, into.length);
    if (length <= 0) return length;
    if (!this.options.mayPin()) return readExactly(this.incoming, into, 0, length);
    const header = readExactly(this.incoming, into, 0, Math.min(length, WRITE_HEADER_BYTES));
    const rest = length - header;
    if (header < 0 || rest === 0) return header;
    if (
      into.readUInt32LE(OPCODE_AT) !== Opcode.FUSE_WRITE ||
      tee(this.incoming.readFd, this.twin.writeFd, rest) !== rest
    ) {
      this.twin.empty();
      const got = readExactly(this.incoming, into, header, rest);
      return got < 0 ? got : length;
    }
    this.left = rest;
    const got = readExactly(this.twin, into, header, rest);
    return got < 0 ? got : length;
  }

  /** Moves up to so many bytes of what is left into another pipe: how many, or -errno. */
  moveLeft(writeFd: number, bytes: number): number {
    const moved = splice(this.incoming.readFd, writeFd, bytes);
    if (moved > 0) this.left -= moved;
    return moved;
  }

  dropLeft(): void {
    this.incoming.empty();
    this.left = 0;
  }

  close(): void {
    this.incoming.close();
    this.twin.close();
  }
}

/** `length`, or -errno.  It is all there already, so less is not to be had. */
function readExactly({ readFd }: MessagePipe, into: Buffer, at: number, length: number): number {
  const got = read(readFd, into.subarray(at, at + length));
  if (got < 0) return got;
  return got === length ? length : -Errno.EIO;
}
