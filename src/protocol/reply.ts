/**
 * The header of every reply (struct fuse_out_header) and the replies that have nothing else or plain bytes.
 * `encodeXInto(into, unique, ...)` writes at the start of a buffer of the caller's and returns the length;
 * `encodeX(unique, ...)` allocates.  Authority: fs/fuse/dev.c (fuse_dev_do_write) for what the kernel takes.
 */
import type { Unique } from '../base/branded.js';
import { ProtocolError } from './errors.js';
import { putS32, putU32, putU64 } from './wire.js';

export const OUT_HEADER_SIZE = 16;
/** The kernel refuses the write when the error is not in -511..0. */
const ERRNO_END = 512;

/**
 * Writes only the header, for a payload that the transport sends from elsewhere (READ: writev of header and data).
 * @param unique as it came, FUSE_UNIQUE_RESEND included
 * @param errno positive, or 0 for success; stored negated. With an errno there can be no payload.
 * @returns OUT_HEADER_SIZE
 */
export function encodeReplyHeader(
  into: Buffer,
  unique: Unique,
  errno: number,
  payloadLength: number,
): number {
  if (!(errno >= 0 && errno < ERRNO_END) || (errno !== 0 && payloadLength !== 0)) {
    throw new ProtocolError('UNENCODABLE', `errno ${errno} with a payload of ${payloadLength} bytes`);
  }
  putHeader(into, OUT_HEADER_SIZE + payloadLength, -errno | 0, unique);
  return OUT_HEADER_SIZE;
}

export function encodeErrorInto(into: Buffer, unique: Unique, errno: number): number {
  return encodeReplyHeader(into, unique, errno, 0);
}
/** @param errno positive */
export const encodeError = allocating(OUT_HEADER_SIZE, encodeErrorInto);

export function encodeEmptyInto(into: Buffer, unique: Unique): number {
  return encodeReplyHeader(into, unique, 0, 0);
}
/** Success without a payload: RELEASE, FLUSH, UNLINK ... */
export const encodeEmpty = allocating(OUT_HEADER_SIZE, encodeEmptyInto);

/** READLINK, GETXATTR, LISTXATTR and small READs: copies `payload` behind the header. */
export function encodeData(unique: Unique, payload: Uint8Array): Buffer {
  const reply = Buffer.allocUnsafe(OUT_HEADER_SIZE + payload.length);
  encodeReplyHeader(reply, unique, 0, payload.length);
  reply.set(payload, OUT_HEADER_SIZE);
  return reply;
}

/**
 * Starts a reply of `size` bytes behind the header, all of which must fit in `into`: stores past the end of a
 * Buffer would be lost without a word.
 * @returns the whole length
 */
export function startReply(into: Buffer, unique: Unique, size: number): number {
  const length = OUT_HEADER_SIZE + size;
  if (into.length < length) {
    throw new ProtocolError('UNENCODABLE', `a reply of ${length} bytes into a buffer of ${into.length}`);
  }
  putHeader(into, length, 0, unique);
  return length;
}

export function putHeader(into: Buffer, len: number, error: number, unique: bigint): void {
  if (into.length < OUT_HEADER_SIZE) {
    throw new ProtocolError('UNENCODABLE', `a header into a buffer of ${into.length} bytes`);
  }
  putU32(into, 0, len, 'len');
  putS32(into, 4, error, 'error');
  putU64(into, 8, unique, 'unique');
}

/** Makes the allocating form of an `encodeXInto` whose replies all have `length` bytes. */
export function allocating<A extends unknown[]>(
  length: number,
  encodeInto: (into: Buffer, unique: Unique, ...fields: A) => number,
): (unique: Unique, ...fields: A) => Buffer {
  return (unique, ...fields) => {
    const reply = Buffer.allocUnsafe(length);
    encodeInto(reply, unique, ...fields);
    return reply;
  };
}
