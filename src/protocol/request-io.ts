/**
 * Requests on an open file or directory, from OPEN to RELEASE.
 * Authority: include/uapi/linux/fuse.h; fs/fuse/file.c, fs/fuse/readdir.c.
 */
import type { NodeId } from '../base/branded.js';
import type { Extension } from './extension.js';
import type { Opcode } from './opcode.js';
import { needEnd, needStruct, RequestHeader } from './request-header.js';
import { readCount, readNodeId, readU64 } from './wire.js';

type Extensions = readonly Extension[];

export class OpenRequest extends RequestHeader<typeof Opcode.FUSE_OPEN | typeof Opcode.FUSE_OPENDIR> {
  /** O_* of open(2). */
  readonly flags: number;
  /** OpenFlags */
  readonly open_flags: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 48);
    this.flags = message.readUInt32LE(40);
    this.open_flags = message.readUInt32LE(44);
  }
}

export class ReadRequest extends RequestHeader<
  typeof Opcode.FUSE_READ | typeof Opcode.FUSE_READDIR | typeof Opcode.FUSE_READDIRPLUS
> {
  readonly fh: bigint;
  /** Bytes; for directories the `off` of the entry to go on behind. */
  readonly offset: number;
  /** Bytes the kernel has room for. */
  readonly size: number;
  /** ReadFlags */
  readonly read_flags: number;
  readonly lock_owner: bigint;
  /** O_* of the open file. */
  readonly flags: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 80);
    this.fh = readU64(message, 40);
    this.offset = readCount(message, 48, 'offset');
    this.size = message.readUInt32LE(56);
    this.read_flags = message.readUInt32LE(60);
    this.lock_owner = readU64(message, 64);
    this.flags = message.readUInt32LE(72);
  }
}

export class WriteRequest extends RequestHeader<typeof Opcode.FUSE_WRITE> {
  readonly fh: bigint;
  readonly offset: number;
  readonly size: number;
  /** WriteFlags; with FUSE_WRITE_CACHE this is writeback, and the kernel guessed `fh`. */
  readonly write_flags: number;
  readonly lock_owner: bigint;
  /** O_* of the open file. */
  readonly flags: number;
  /** `size` bytes inside the message, not a copy. */
  readonly data: Buffer;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 40);
    this.fh = readU64(message, 40);
    this.offset = readCount(message, 48, 'offset');
    this.size = message.readUInt32LE(56);
    this.write_flags = message.readUInt32LE(60);
    this.lock_owner = readU64(message, 64);
    this.flags = message.readUInt32LE(72);
    needEnd(message, end, 80 + this.size);
    this.data = message.subarray(80, end);
  }
}

export class ReleaseRequest extends RequestHeader<
  typeof Opcode.FUSE_RELEASE | typeof Opcode.FUSE_RELEASEDIR
> {
  readonly fh: bigint;
  /** O_* of the open file. */
  readonly flags: number;
  /** ReleaseFlags */
  readonly release_flags: number;
  readonly lock_owner: bigint;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 64);
    this.fh = readU64(message, 40);
    this.flags = message.readUInt32LE(48);
    this.release_flags = message.readUInt32LE(52);
    this.lock_owner = readU64(message, 56);
  }
}

export class FlushRequest extends RequestHeader<typeof Opcode.FUSE_FLUSH> {
  readonly fh: bigint;
  readonly lock_owner: bigint;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 64);
    this.fh = readU64(message, 40);
    this.lock_owner = readU64(message, 56);
  }
}

export class FsyncRequest extends RequestHeader<typeof Opcode.FUSE_FSYNC | typeof Opcode.FUSE_FSYNCDIR> {
  readonly fh: bigint;
  /** FsyncFlags */
  readonly fsync_flags: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 56);
    this.fh = readU64(message, 40);
    this.fsync_flags = message.readUInt32LE(48);
  }
}

export class FallocateRequest extends RequestHeader<typeof Opcode.FUSE_FALLOCATE> {
  readonly fh: bigint;
  readonly offset: number;
  readonly length: number;
  /** FALLOC_FL_* of fallocate(2). */
  readonly mode: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 72);
    this.fh = readU64(message, 40);
    this.offset = readCount(message, 48, 'offset');
    this.length = readCount(message, 56, 'length');
    this.mode = message.readUInt32LE(64);
  }
}

export class LseekRequest extends RequestHeader<typeof Opcode.FUSE_LSEEK> {
  readonly fh: bigint;
  readonly offset: number;
  /** SEEK_DATA or SEEK_HOLE: the kernel does the others itself. */
  readonly whence: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 64);
    this.fh = readU64(message, 40);
    this.offset = readCount(message, 48, 'offset');
    this.whence = message.readUInt32LE(56);
  }
}

/** FUSE_COPY_FILE_RANGE_64 (7.45) differs only in its reply, which has 64 bits for the bytes copied. */
export class CopyFileRangeRequest extends RequestHeader<
  typeof Opcode.FUSE_COPY_FILE_RANGE | typeof Opcode.FUSE_COPY_FILE_RANGE_64
> {
  readonly fh_in: bigint;
  readonly off_in: number;
  readonly nodeid_out: NodeId;
  readonly fh_out: bigint;
  readonly off_out: number;
  /** Up to what the caller of copy_file_range(2) gave, so possibly far above any file size. */
  readonly len: bigint;
  readonly flags: bigint;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 96);
    this.fh_in = readU64(message, 40);
    this.off_in = readCount(message, 48, 'off_in');
    this.nodeid_out = readNodeId(message, 56, 'nodeid_out');
    this.fh_out = readU64(message, 64);
    this.off_out = readCount(message, 72, 'off_out');
    this.len = readU64(message, 80);
    this.flags = readU64(message, 88);
  }
}
