/**
 * Requests that map a file somewhere: BMAP to blocks of a device, SETUPMAPPING and REMOVEMAPPING to the DAX
 * window of virtiofs.  Authority: include/uapi/linux/fuse.h; fs/fuse/file.c (fuse_bmap), fs/fuse/dax.c.
 */
import { ProtocolError } from './errors.js';
import type { Extension } from './extension.js';
import type { Opcode } from './opcode.js';
import { needEnd, needStruct, RequestHeader } from './request-header.js';
import { readCount, readU64 } from './wire.js';

type Extensions = readonly Extension[];

export class BmapRequest extends RequestHeader<typeof Opcode.FUSE_BMAP> {
  /** Index of the block in the file, in units of `blocksize`. */
  readonly block: number;
  readonly blocksize: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 56);
    this.block = readCount(message, 40, 'block');
    this.blocksize = message.readUInt32LE(48);
  }
}

export class SetupmappingRequest extends RequestHeader<typeof Opcode.FUSE_SETUPMAPPING> {
  readonly fh: bigint;
  readonly foffset: number;
  readonly len: number;
  /** SetupmappingFlags */
  readonly flags: bigint;
  readonly moffset: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 80);
    this.fh = readU64(message, 40);
    this.foffset = readCount(message, 48, 'foffset');
    this.len = readCount(message, 56, 'len');
    this.flags = readU64(message, 64);
    this.moffset = readCount(message, 72, 'moffset');
  }
}

/** struct fuse_removemapping_one; `len` is all ones for "the whole window". */
export interface RemovemappingOne {
  readonly moffset: bigint;
  readonly len: bigint;
}

export class RemovemappingRequest extends RequestHeader<typeof Opcode.FUSE_REMOVEMAPPING> {
  readonly count: number;
  readonly items: readonly RemovemappingOne[];
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 4);
    this.count = message.readUInt32LE(40);
    // struct fuse_removemapping_in has 4 bytes and no padding behind it.
    if ((end - 44) / 16 !== this.count) {
      throw new ProtocolError('LENGTH_MISMATCH', `${end - 44} bytes for ${this.count} mappings`, message);
    }
    const items: RemovemappingOne[] = [];
    for (let at = 44; at < end; at += 16) {
      items.push({ moffset: readU64(message, at), len: readU64(message, at + 8) });
    }
    this.items = items;
  }
}
