/**
 * What a handler of an opcode is given, and the pieces that most of them need: attributes and entries in the form
 * of the wire, with the time for which the kernel may believe them.
 */
import type { Unique } from '../../base/branded.js';
import type { Attr, AttrOut } from '../../protocol/reply-attr.js';
import type { EntryOut } from '../../protocol/reply-entry.js';
import type { Request, RequestOf } from '../../protocol/request.js';
import type { Result } from '../../store/failure.js';
import { isFailure } from '../../store/failure.js';
import type { LockTicket } from '../../store/lock.js';
import type { Attributes, Store } from '../../store/store.js';
import type { Replies } from '../../transport/replies.js';

/** How long the kernel may believe what it was told. */
export interface Validity {
  readonly attr_valid: number;
  readonly attr_valid_nsec: number;
  readonly entry_valid: number;
  readonly entry_valid_nsec: number;
}

export interface HandlerContext {
  readonly store: Store;
  readonly replies: Replies;
  readonly validity: Validity;
  /** FOPEN_* of every file that is opened. */
  readonly openFlags: number;
  /** SETLKW requests that wait, for INTERRUPT. */
  readonly lockWaits: Map<Unique, LockTicket>;
}

/** Answers its request now, or later, exactly once. */
export type Handler<R extends Request> = (request: R, context: HandlerContext) => void;

/** A handler for each of these opcodes. */
export type Handlers<O extends Request['opcode']> = {
  readonly [opcode in O]: Handler<RequestOf<opcode>>;
};

export function toAttr(attributes: Attributes): Attr {
  return {
    ino: attributes.nodeid,
    size: attributes.size,
    blocks: attributes.blocks,
    atime: attributes.atimeSec,
    atimensec: attributes.atimeNsec,
    mtime: attributes.mtimeSec,
    mtimensec: attributes.mtimeNsec,
    ctime: attributes.ctimeSec,
    ctimensec: attributes.ctimeNsec,
    mode: attributes.mode,
    nlink: attributes.nlink,
    uid: attributes.uid,
    gid: attributes.gid,
    rdev: attributes.rdev,
    blksize: attributes.blksize,
    flags: 0,
  };
}

export function toAttrOut(attributes: Attributes, { attr_valid, attr_valid_nsec }: Validity): AttrOut {
  return { attr_valid, attr_valid_nsec, attr: toAttr(attributes) };
}

export function toEntryOut(attributes: Attributes, validity: Validity): EntryOut {
  // The store never gives a node id out twice, so one generation does for all.
  return { nodeid: attributes.nodeid, generation: 0, ...validity, attr: toAttr(attributes) };
}

/** Answers with an entry, which the kernel then remembers; or with the failure. */
export function replyEntry(unique: Unique, made: Result<Attributes>, context: HandlerContext): void {
  if (isFailure(made)) {
    context.replies.error(unique, -made);
    return;
  }
  context.store.remember(made.nodeid);
  context.replies.entry(unique, toEntryOut(made, context.validity));
}

/** Answers with success and nothing else; or with the failure. */
export function replyDone(unique: Unique, result: Result<unknown>, { replies }: HandlerContext): void {
  if (isFailure(result)) replies.error(unique, -result);
  else replies.empty(unique);
}
