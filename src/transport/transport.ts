/**
 * What every way of moving requests offers to the daemon, which does not know which one it has.
 * A transport delivers decoded requests and sends replies; what it cannot do it says in `capabilities`.
 */
import type { Unique } from '../base/branded.js';
import type { Request } from '../protocol/request.js';
import type { Replies } from './replies.js';

/** What a scenario may need of a transport; one that lacks it is skipped with this word as the reason. */
export interface Capabilities {
  readonly name: 'dev-fuse' | 'libfuse';
  /** Dirty folios of write(2) reach the server as WRITE with FUSE_WRITE_CACHE. */
  readonly writebackCache: boolean;
  /** Asynchronous requests (writeback, readahead) that can be held at once; Infinity where each is a table entry. */
  readonly maxHeld: number;
  /** Requests can be read by splice(2), so that the data of a WRITE can be pinned. */
  readonly spliceRead: boolean;
  /** READs can be answered by splice(2), whose pages go through a pipe. */
  readonly spliceWrite: boolean;
  /** And with SPLICE_F_MOVE, which puts those pages themselves into the page cache. */
  readonly move: boolean;
}

/** The data of an answered WRITE that is still in a pipe: its folios have a reference more for as long. */
export interface Pin {
  drop(): void;
}

export interface Pins {
  /** Keeps the data of the WRITE that onRequest is about, or answers -errno: EMFILE when `max` are kept already. */
  pin(): Pin | number;
  readonly max: number;
}

/** The daemon's side. Both are called on the serving thread and must not block. */
export interface RequestHandler {
  /**
   * One request.  Byte ranges in it (names apart) are views of the transport's buffer and are overwritten as
   * soon as this returns: `message` is what must be copied to keep the request for later.
   */
  onRequest(request: Request, message: Buffer): void;
  /** A message that could not be decoded; `unique` where at least the header could be read. */
  onBadMessage(error: Error, unique: Unique | undefined): void;
  /** Somebody called `wake`, or the deadline passed. */
  onWake(): void;
  /** Everything has been handled, and the transport is about to wait. */
  onIdle(): void;
  /** Monotonic ms (performance.now) at which onWake is wanted, or Infinity. */
  nextDeadlineMs(): number;
}

/** Why serving ended. */
export type EndReason = 'unmounted' | 'aborted' | { readonly errno: number };

export interface Transport {
  readonly capabilities: Capabilities;
  readonly replies: Replies;
  /** Undefined where requests are not read by splice(2). */
  readonly pins: Pins | undefined;
  /** Serves until the connection ends. May block its thread all the while, or leave it to the event loop. */
  serve(handler: RequestHandler): EndReason | Promise<EndReason>;
}
