/**
 * The raw transport: takes requests from a non-blocking /dev/fuse descriptor and gives replies to it, on one thread
 * that blocks in poll(2).  Owns the loop and the buffer of the request; knows nothing of files or faults.
 * Authority: fuse_dev_do_read() and fuse_dev_do_write() in fs/fuse/dev.c.
 */
import { Errno } from '../base/errno.js';
import { PAGE_BYTES } from '../base/page-size.js';
import { ProtocolError } from '../protocol/errors.js';
import { decodeRequest, type Negotiated, type Request } from '../protocol/request.js';
import { eventfdDrain } from '../syscall/eventfd.js';
import { PollSet } from '../syscall/poll.js';
import type { DevFuseReplies } from './dev-fuse-replies.js';
import { type MessageMovers, plainMovers, type SpliceOptions, splicingMovers } from './splice/splicing.js';
import type { Capabilities, EndReason, Pins, RequestHandler, Transport } from './transport.js';

/** fuse_in_header and the largest request struct ahead of the data of a WRITE, rounded up to a page. */
const HEADER_ROOM_BYTES = 4096;

/** How often onWake runs at the least while requests never stop coming: every so many requests. */
const WAKE_CHECK_REQUESTS = 64;

export interface DevFuseOptions {
  readonly fd: number;
  /** Makes the loop call onWake. */
  readonly wakeFd: number;
  /** The largest WRITE that INIT will agree to. */
  readonly maxWriteBytes: number;
  /** What INIT has agreed to so far; read for each request. */
  readonly negotiated: () => Negotiated;
  /** Without it every message is read and written. */
  readonly splice?: SpliceOptions | undefined;
  /** What is in its pipes when the connection ends stays there, for as long as the process lives. */
  readonly keepsPipes?: boolean;
}

/**
 * What it means that read(2) failed: there is no request now, another read may get one, or there never will be.
 * @param errno positive
 */
export function meaningOfFailedRead(errno: number): 'empty' | 'again' | EndReason {
  switch (errno) {
    case Errno.EAGAIN:
      return 'empty';
    // The request was interrupted between the queue and us.
    case Errno.ENOENT:
    case Errno.EINTR:
      return 'again';
    case Errno.ENODEV:
      return 'unmounted';
    case Errno.ECONNABORTED:
      return 'aborted';
    default:
      return { errno };
  }
}

export const devFuseCapabilities: Capabilities = {
  name: 'dev-fuse',
  writebackCache: true,
  maxHeld: Number.POSITIVE_INFINITY,
  spliceRead: true,
  spliceWrite: true,
  move: true,
};

export class DevFuse implements Transport {
  readonly capabilities = devFuseCapabilities;
  private readonly movers: MessageMovers;
  private readonly buffer: Buffer;
  private readonly poll: PollSet;

  constructor(private readonly options: DevFuseOptions) {
    this.buffer = Buffer.allocUnsafeSlow(options.maxWriteBytes + HEADER_ROOM_BYTES);
    this.poll = new PollSet([options.fd, options.wakeFd]);
    const { fd, splice, maxWriteBytes } = options;
    this.movers = splice ? splicingMovers(fd, maxWriteBytes / PAGE_BYTES, splice) : plainMovers(fd);
  }

  get replies(): DevFuseReplies {
    return this.movers.replies;
  }

  get pins(): Pins | undefined {
    return this.movers.pins;
  }

  serve(handler: RequestHandler): EndReason {
    try {
      return this.untilTheEnd(handler);
    } finally {
      if (!this.options.keepsPipes) this.movers.close();
    }
  }

  private untilTheEnd(handler: RequestHandler): EndReason {
    for (;;) {
      const ended = this.drain(handler);
      if (ended !== undefined) return ended;
      handler.onIdle();
      // A signal is not a wake: only the descriptors and the deadline are.
      while (this.poll.wait(this.timeoutMs(handler)) === -Errno.EINTR);
      if (this.poll.ready(1) !== 0) eventfdDrain(this.options.wakeFd);
      handler.onWake();
    }
  }

  /** Handles requests until there are none; the reason when there never will be another. */
  private drain(handler: RequestHandler): EndReason | undefined {
    const { reading } = this.movers;
    for (let handled = 1; ; handled++) {
      const length = reading.next(this.buffer);
      if (length >= 0) this.handle(handler, this.buffer.subarray(0, length));
      else {
        const meaning = meaningOfFailedRead(-length);
        if (meaning === 'empty') return undefined;
        if (meaning !== 'again') return meaning;
      }
      if (handled % WAKE_CHECK_REQUESTS === 0) handler.onWake();
    }
  }

  private handle(handler: RequestHandler, message: Buffer): void {
    let request: Request;
    try {
      request = decodeRequest(message, this.options.negotiated());
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      handler.onBadMessage(error, error.unique);
      return;
    }
    handler.onRequest(request, message);
  }

  private timeoutMs(handler: RequestHandler): number {
    const deadlineMs = handler.nextDeadlineMs();
    if (deadlineMs === Number.POSITIVE_INFINITY) return -1;
    return Math.max(0, Math.min(Math.ceil(deadlineMs - performance.now()), 0x7fff_ffff));
  }
}
