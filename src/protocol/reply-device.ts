/**
 * Replies of files that act like devices: IOCTL and POLL.
 * Authority: include/uapi/linux/fuse.h; fs/fuse/ioctl.c (fuse_do_ioctl).
 */
import type { Unique } from '../base/branded.js';
import { ProtocolError } from './errors.js';
import { IoctlFlags } from './flags.js';
import { allocating, OUT_HEADER_SIZE, startReply } from './reply.js';
import { putCount, putS32, putU32, putU64, putZero } from './wire.js';

/** in_iovs and out_iovs together. */
export const FUSE_IOCTL_MAX_IOV = 256;

/** struct fuse_ioctl_iovec: memory of the caller. */
export interface IoctlIovec {
  readonly base: bigint;
  readonly len: number;
}

/** @param result what ioctl(2) returns, a negative errno included; `data` goes to the caller's memory. */
export function encodeIoctl(unique: Unique, result: number, data: Uint8Array): Buffer {
  const reply = Buffer.allocUnsafe(OUT_HEADER_SIZE + 16 + data.length);
  startReply(reply, unique, 16 + data.length);
  putS32(reply, 16, result, 'result');
  putZero(reply, 20, 12);
  reply.set(data, 32);
  return reply;
}

/** Asks for the same IOCTL again with these ranges copied; only after FUSE_IOCTL_UNRESTRICTED. */
export function encodeIoctlRetry(
  unique: Unique,
  inIovs: readonly IoctlIovec[],
  outIovs: readonly IoctlIovec[],
): Buffer {
  const iovs = [...inIovs, ...outIovs];
  if (iovs.length > FUSE_IOCTL_MAX_IOV) {
    throw new ProtocolError('UNENCODABLE', `${iovs.length} iovecs, more than ${FUSE_IOCTL_MAX_IOV}`);
  }
  const size = 16 + 16 * iovs.length;
  const reply = Buffer.allocUnsafe(OUT_HEADER_SIZE + size);
  startReply(reply, unique, size);
  putS32(reply, 16, 0, 'result');
  putU32(reply, 20, IoctlFlags.FUSE_IOCTL_RETRY, 'flags');
  putU32(reply, 24, inIovs.length, 'in_iovs');
  putU32(reply, 28, outIovs.length, 'out_iovs');
  for (const [index, iov] of iovs.entries()) {
    putU64(reply, 32 + 16 * index, iov.base, 'base');
    putCount(reply, 40 + 16 * index, iov.len, 'len');
  }
  return reply;
}

function encodePollInto(into: Buffer, unique: Unique, revents: number): number {
  const length = startReply(into, unique, 8);
  putU32(into, 16, revents, 'revents');
  putZero(into, 20, 4);
  return length;
}
/** @param revents POLL* of poll(2) */
export const encodePoll = allocating(OUT_HEADER_SIZE + 8, encodePollInto);
