/**
 * Replies about the connection and the whole filesystem: INIT and STATFS; and the length that GETXATTR and
 * LISTXATTR answer when they were asked with size 0.
 * Authority: include/uapi/linux/fuse.h; fs/fuse/inode.c (process_init_reply).
 */
import type { Unique } from '../base/branded.js';
import { ProtocolError } from './errors.js';
import { InitFlags } from './init-flags.js';
import { allocating, OUT_HEADER_SIZE, startReply } from './reply.js';
import { FUSE_KERNEL_VERSION } from './request-session.js';
import { putCount, putU16, putU32, putZero } from './wire.js';

/** The newest minor version that this code speaks. */
export const FUSE_KERNEL_MINOR_VERSION = 45;

/** struct fuse_init_out without its `major`. */
export interface InitOut {
  /** At most the kernel's. */
  readonly minor: number;
  readonly max_readahead: number;
  /** InitFlags, all 64 bits: `flags` and `flags2` on the wire. */
  readonly flags: bigint;
  readonly max_background: number;
  readonly congestion_threshold: number;
  /** Bytes. */
  readonly max_write: number;
  /** Nanoseconds: 1 to 1,000,000,000. */
  readonly time_gran: number;
  /** Only read with FUSE_MAX_PAGES. */
  readonly max_pages: number;
  /** log2; only read with FUSE_MAP_ALIGNMENT. */
  readonly map_alignment: number;
  /** Only read with FUSE_PASSTHROUGH. */
  readonly max_stack_depth: number;
  /** Seconds; only read with FUSE_REQUEST_TIMEOUT. */
  readonly request_timeout: number;
}

/** FUSE_COMPAT_INIT_OUT_SIZE, FUSE_COMPAT_22_INIT_OUT_SIZE and sizeof(struct fuse_init_out). */
function initOutSize(minor: number): number {
  if (minor < 5) return 8;
  return minor < 23 ? 24 : 64;
}

export function encodeInit(unique: Unique, out: InitOut): Buffer {
  // process_init_reply looks at flags2 only behind FUSE_INIT_EXT.
  if (out.flags >> 32n !== 0n && (out.flags & InitFlags.FUSE_INIT_EXT) === 0n) {
    throw new ProtocolError('UNENCODABLE', 'flags above bit 31 without FUSE_INIT_EXT would be lost');
  }
  const whole = Buffer.alloc(OUT_HEADER_SIZE + 64);
  const length = startReply(whole, unique, initOutSize(out.minor));
  putU32(whole, 16, FUSE_KERNEL_VERSION, 'major');
  putU32(whole, 20, out.minor, 'minor');
  putU32(whole, 24, out.max_readahead, 'max_readahead');
  putU32(whole, 28, Number(out.flags & 0xffff_ffffn), 'flags');
  putU16(whole, 32, out.max_background, 'max_background');
  putU16(whole, 34, out.congestion_threshold, 'congestion_threshold');
  putU32(whole, 36, out.max_write, 'max_write');
  putU32(whole, 40, out.time_gran, 'time_gran');
  putU16(whole, 44, out.max_pages, 'max_pages');
  putU16(whole, 46, out.map_alignment, 'map_alignment');
  putU32(whole, 48, Number(out.flags >> 32n), 'flags2');
  putU32(whole, 52, out.max_stack_depth, 'max_stack_depth');
  putU16(whole, 56, out.request_timeout, 'request_timeout');
  return whole.subarray(0, length);
}

/** Answer to a major version above 7: the kernel then asks again with ours. */
export function encodeInitMajor(unique: Unique): Buffer {
  const reply = Buffer.alloc(OUT_HEADER_SIZE + 64);
  startReply(reply, unique, 64);
  putU32(reply, 16, FUSE_KERNEL_VERSION, 'major');
  putU32(reply, 20, FUSE_KERNEL_MINOR_VERSION, 'minor');
  return reply;
}

/** struct fuse_kstatfs; blocks of `frsize` bytes. */
export interface Kstatfs {
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
  readonly bsize: number;
  readonly namelen: number;
  readonly frsize: number;
}

function encodeStatfsInto(into: Buffer, unique: Unique, st: Kstatfs): number {
  const length = startReply(into, unique, 80);
  putCount(into, 16, st.blocks, 'blocks');
  putCount(into, 24, st.bfree, 'bfree');
  putCount(into, 32, st.bavail, 'bavail');
  putCount(into, 40, st.files, 'files');
  putCount(into, 48, st.ffree, 'ffree');
  putU32(into, 56, st.bsize, 'bsize');
  putU32(into, 60, st.namelen, 'namelen');
  putU32(into, 64, st.frsize, 'frsize');
  putZero(into, 68, 28);
  return length;
}
export const encodeStatfs = allocating(OUT_HEADER_SIZE + 80, encodeStatfsInto);

function encodeXattrSizeInto(into: Buffer, unique: Unique, size: number): number {
  const length = startReply(into, unique, 8);
  putU32(into, 16, size, 'size');
  putZero(into, 20, 4);
  return length;
}
/** struct fuse_getxattr_out: bytes of the value or of the list of names. */
export const encodeXattrSize = allocating(OUT_HEADER_SIZE + 8, encodeXattrSizeInto);
