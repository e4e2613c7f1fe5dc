/**
 * Notifications: messages that the server sends unasked, with `unique` 0 and the code where a reply has its error.
 * Those that need pages of an inode may wait for locks that a held request keeps: not to be sent from the thread
 * that releases.  Authority: fs/fuse/notify.c (fs/fuse/dev.c before), include/uapi/linux/fuse.h.
 */
import type { NodeId, Unique } from '../base/branded.js';
import { ProtocolError } from './errors.js';
import { type ByteName, FUSE_NAME_MAX } from './name.js';
import { OUT_HEADER_SIZE, putHeader } from './reply.js';
import { putCount, putS64, putU32, putU64 } from './wire.js';

/** enum fuse_notify_code */
export const NotifyCode = {
  FUSE_NOTIFY_POLL: 1,
  FUSE_NOTIFY_INVAL_INODE: 2,
  FUSE_NOTIFY_INVAL_ENTRY: 3,
  FUSE_NOTIFY_STORE: 4,
  FUSE_NOTIFY_RETRIEVE: 5,
  FUSE_NOTIFY_DELETE: 6,
  FUSE_NOTIFY_RESEND: 7,
  FUSE_NOTIFY_INC_EPOCH: 8,
  FUSE_NOTIFY_PRUNE: 9,
} as const;
export type NotifyCode = (typeof NotifyCode)[keyof typeof NotifyCode];

/** Wakes the poller that gave this `kh` (PollRequest). */
export function encodeNotifyPoll(kh: bigint): Buffer {
  const message = start(NotifyCode.FUSE_NOTIFY_POLL, 8);
  putU64(message, 16, kh, 'kh');
  return message;
}

/**
 * Drops cached attributes, and with `off` >= 0 the cached pages of [off, off + len).
 * @param off negative: attributes only
 * @param len 0 or less: to the end of the file
 */
export function encodeNotifyInvalInode(ino: NodeId, off: bigint, len: bigint): Buffer {
  const message = start(NotifyCode.FUSE_NOTIFY_INVAL_INODE, 24);
  putCount(message, 16, ino, 'ino');
  putS64(message, 24, off, 'off');
  putS64(message, 32, len, 'len');
  return message;
}

/** @param flags InvalEntryFlags */
export function encodeNotifyInvalEntry(parent: NodeId, name: ByteName, flags: number): Buffer {
  const message = start(NotifyCode.FUSE_NOTIFY_INVAL_ENTRY, 16 + nameSize(name));
  putCount(message, 16, parent, 'parent');
  putU32(message, 24, name.length, 'namelen');
  putU32(message, 28, flags, 'flags');
  message.write(name, 32, 'latin1');
  return message;
}

/** Drops the entry, and tells watchers that it was deleted, if it still names `child`. */
export function encodeNotifyDelete(parent: NodeId, child: NodeId, name: ByteName): Buffer {
  const message = start(NotifyCode.FUSE_NOTIFY_DELETE, 24 + nameSize(name));
  putCount(message, 16, parent, 'parent');
  putCount(message, 24, child, 'child');
  putU32(message, 32, name.length, 'namelen');
  message.write(name, 40, 'latin1');
  return message;
}

/** Puts `data` into the page cache at `offset`. */
export function encodeNotifyStore(nodeid: NodeId, offset: number, data: Uint8Array): Buffer {
  const message = start(NotifyCode.FUSE_NOTIFY_STORE, 24 + data.length);
  putCount(message, 16, nodeid, 'nodeid');
  putCount(message, 24, offset, 'offset');
  putU32(message, 32, data.length, 'size');
  message.set(data, 40);
  return message;
}

/** Asks for cached pages; the answer is a NotifyReplyRequest whose `unique` is `notify_unique`. */
export function encodeNotifyRetrieve(
  notify_unique: Unique,
  nodeid: NodeId,
  offset: number,
  size: number,
): Buffer {
  const message = start(NotifyCode.FUSE_NOTIFY_RETRIEVE, 32);
  putU64(message, 16, notify_unique, 'notify_unique');
  putCount(message, 24, nodeid, 'nodeid');
  putCount(message, 32, offset, 'offset');
  putU32(message, 40, size, 'size');
  return message;
}

/** Has the kernel send every unanswered request again, with FUSE_UNIQUE_RESEND set (FUSE_HAS_RESEND). */
export function encodeNotifyResend(): Buffer {
  return start(NotifyCode.FUSE_NOTIFY_RESEND, 0);
}

/** Invalidates every cached entry and directory listing at once (7.44). */
export function encodeNotifyIncEpoch(): Buffer {
  return start(NotifyCode.FUSE_NOTIFY_INC_EPOCH, 0);
}

/** Drops the unused dentries of these inodes, and with them the inodes (7.45). */
export function encodeNotifyPrune(nodeids: readonly NodeId[]): Buffer {
  const message = start(NotifyCode.FUSE_NOTIFY_PRUNE, 16 + 8 * nodeids.length);
  putU32(message, 16, nodeids.length, 'count');
  for (const [index, nodeid] of nodeids.entries()) putCount(message, 32 + 8 * index, nodeid, 'nodeid');
  return message;
}

function start(code: NotifyCode, size: number): Buffer {
  const message = Buffer.alloc(OUT_HEADER_SIZE + size);
  putHeader(message, message.length, code, 0n);
  return message;
}

/** With its NUL, which the kernel counts in the message but not in namelen. */
function nameSize(name: ByteName): number {
  if (name.length === 0 || name.length > FUSE_NAME_MAX) {
    throw new ProtocolError('UNENCODABLE', `a name of ${name.length} bytes`);
  }
  return name.length + 1;
}
