/**
 * Requests about an inode's attributes: GETATTR, SETATTR, STATX, ACCESS.
 * Authority: include/uapi/linux/fuse.h; fs/fuse/dir.c (iattr_to_fattr decides which fields are valid).
 */
import type { Extension } from './extension.js';
import type { Opcode } from './opcode.js';
import { needEnd, RequestHeader } from './request-header.js';
import { readCount, readSeconds, readU64 } from './wire.js';

type Extensions = readonly Extension[];

export class GetattrRequest extends RequestHeader<typeof Opcode.FUSE_GETATTR> {
  /** GetattrFlags; without FUSE_GETATTR_FH `fh` says nothing. */
  readonly getattr_flags: number;
  readonly fh: bigint;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 56);
    this.getattr_flags = message.readUInt32LE(40);
    this.fh = readU64(message, 48);
  }
}

/** Fields count only where `valid` (Fattr) says so. Times are seconds (may be negative) and nanoseconds. */
export class SetattrRequest extends RequestHeader<typeof Opcode.FUSE_SETATTR> {
  readonly valid: number;
  readonly fh: bigint;
  readonly size: number;
  readonly lock_owner: bigint;
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
  readonly atimensec: number;
  readonly mtimensec: number;
  readonly ctimensec: number;
  readonly mode: number;
  /** fuse_setattr_in.uid: the new owner. `uid` is the caller's, from the header. */
  readonly attr_uid: number;
  /** fuse_setattr_in.gid: the new group. `gid` is the caller's, from the header. */
  readonly attr_gid: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 128);
    this.valid = message.readUInt32LE(40);
    this.fh = readU64(message, 48);
    this.size = readCount(message, 56, 'size');
    this.lock_owner = readU64(message, 64);
    this.atime = readSeconds(message, 72, 'atime');
    this.mtime = readSeconds(message, 80, 'mtime');
    this.ctime = readSeconds(message, 88, 'ctime');
    this.atimensec = message.readUInt32LE(96);
    this.mtimensec = message.readUInt32LE(100);
    this.ctimensec = message.readUInt32LE(104);
    this.mode = message.readUInt32LE(108);
    this.attr_uid = message.readUInt32LE(116);
    this.attr_gid = message.readUInt32LE(120);
  }
}

export class StatxRequest extends RequestHeader<typeof Opcode.FUSE_STATX> {
  /** GetattrFlags; without FUSE_GETATTR_FH `fh` says nothing. */
  readonly getattr_flags: number;
  readonly fh: bigint;
  /** AT_STATX_* of statx(2). */
  readonly sx_flags: number;
  /** STATX_* of statx(2). */
  readonly sx_mask: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 64);
    this.getattr_flags = message.readUInt32LE(40);
    this.fh = readU64(message, 48);
    this.sx_flags = message.readUInt32LE(56);
    this.sx_mask = message.readUInt32LE(60);
  }
}

export class AccessRequest extends RequestHeader<typeof Opcode.FUSE_ACCESS> {
  /** R_OK, W_OK, X_OK of access(2). */
  readonly mask: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 48);
    this.mask = message.readUInt32LE(40);
  }
}
