/**
 * Attributes on the wire: struct fuse_attr, and the replies to GETATTR, SETATTR and STATX.
 * Authority: include/uapi/linux/fuse.h.
 */
import type { Unique } from '../base/branded.js';
import { allocating, OUT_HEADER_SIZE, startReply } from './reply.js';
import { putCount, putSeconds, putU16, putU32, putU64, putZero } from './wire.js';

/** struct fuse_attr. Times are seconds (may be negative) and nanoseconds, `blocks` counts 512 bytes each. */
export interface Attr {
  readonly ino: number;
  readonly size: number;
  readonly blocks: number;
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
  readonly atimensec: number;
  readonly mtimensec: number;
  readonly ctimensec: number;
  /** Type and permissions, as in stat(2). */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly blksize: number;
  /** AttrFlags */
  readonly flags: number;
}

export const ATTR_SIZE = 88;

export function putAttr(into: Buffer, at: number, attr: Attr): void {
  putCount(into, at, attr.ino, 'ino');
  putCount(into, at + 8, attr.size, 'size');
  putCount(into, at + 16, attr.blocks, 'blocks');
  putSeconds(into, at + 24, attr.atime, 'atime');
  putSeconds(into, at + 32, attr.mtime, 'mtime');
  putSeconds(into, at + 40, attr.ctime, 'ctime');
  putU32(into, at + 48, attr.atimensec, 'atimensec');
  putU32(into, at + 52, attr.mtimensec, 'mtimensec');
  putU32(into, at + 56, attr.ctimensec, 'ctimensec');
  putU32(into, at + 60, attr.mode, 'mode');
  putU32(into, at + 64, attr.nlink, 'nlink');
  putU32(into, at + 68, attr.uid, 'uid');
  putU32(into, at + 72, attr.gid, 'gid');
  putU32(into, at + 76, attr.rdev, 'rdev');
  putU32(into, at + 80, attr.blksize, 'blksize');
  putU32(into, at + 84, attr.flags, 'flags');
}

/** struct fuse_attr_out */
export interface AttrOut {
  /** Seconds for which the kernel may keep the attributes, and nanoseconds on top. */
  readonly attr_valid: number;
  readonly attr_valid_nsec: number;
  readonly attr: Attr;
}

const ATTR_OUT_SIZE = 16 + ATTR_SIZE;

export function encodeAttrInto(into: Buffer, unique: Unique, out: AttrOut): number {
  const length = startReply(into, unique, ATTR_OUT_SIZE);
  putCount(into, 16, out.attr_valid, 'attr_valid');
  putU32(into, 24, out.attr_valid_nsec, 'attr_valid_nsec');
  putZero(into, 28, 4);
  putAttr(into, 32, out.attr);
  return length;
}
/** GETATTR and SETATTR. */
export const encodeAttr = allocating(OUT_HEADER_SIZE + ATTR_OUT_SIZE, encodeAttrInto);

/** struct fuse_sx_time */
export interface StatxTime {
  readonly tv_sec: number;
  readonly tv_nsec: number;
}

/** struct fuse_statx */
export interface Statx {
  /** STATX_* of the fields that are filled. */
  readonly mask: number;
  readonly blksize: number;
  readonly attributes: bigint;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly ino: number;
  readonly size: number;
  readonly blocks: number;
  readonly attributes_mask: bigint;
  readonly atime: StatxTime;
  readonly btime: StatxTime;
  readonly ctime: StatxTime;
  readonly mtime: StatxTime;
  readonly rdev_major: number;
  readonly rdev_minor: number;
  readonly dev_major: number;
  readonly dev_minor: number;
}

/** struct fuse_statx_out */
export interface StatxOut {
  readonly attr_valid: number;
  readonly attr_valid_nsec: number;
  readonly stat: Statx;
}

const STATX_OUT_SIZE = 32 + 256;

export function encodeStatxInto(into: Buffer, unique: Unique, out: StatxOut): number {
  const length = startReply(into, unique, STATX_OUT_SIZE);
  const { stat } = out;
  // 20 bytes of flags and spare before struct fuse_statx, 112 behind it.
  putCount(into, 16, out.attr_valid, 'attr_valid');
  putU32(into, 24, out.attr_valid_nsec, 'attr_valid_nsec');
  putZero(into, 28, 20);
  putU32(into, 48, stat.mask, 'mask');
  putU32(into, 52, stat.blksize, 'blksize');
  putU64(into, 56, stat.attributes, 'attributes');
  putU32(into, 64, stat.nlink, 'nlink');
  putU32(into, 68, stat.uid, 'uid');
  putU32(into, 72, stat.gid, 'gid');
  putU16(into, 76, stat.mode, 'mode');
  putZero(into, 78, 2);
  putCount(into, 80, stat.ino, 'ino');
  putCount(into, 88, stat.size, 'size');
  putCount(into, 96, stat.blocks, 'blocks');
  putU64(into, 104, stat.attributes_mask, 'attributes_mask');
  putTime(into, 112, stat.atime, 'atime');
  putTime(into, 128, stat.btime, 'btime');
  putTime(into, 144, stat.ctime, 'ctime');
  putTime(into, 160, stat.mtime, 'mtime');
  putU32(into, 176, stat.rdev_major, 'rdev_major');
  putU32(into, 180, stat.rdev_minor, 'rdev_minor');
  putU32(into, 184, stat.dev_major, 'dev_major');
  putU32(into, 188, stat.dev_minor, 'dev_minor');
  putZero(into, 192, 112);
  return length;
}
export const encodeStatx = allocating(OUT_HEADER_SIZE + STATX_OUT_SIZE, encodeStatxInto);

function putTime(into: Buffer, at: number, time: StatxTime, field: string): void {
  putSeconds(into, at, time.tv_sec, field);
  putU32(into, at + 8, time.tv_nsec, field);
  putZero(into, at + 12, 4);
}
