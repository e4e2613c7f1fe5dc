/**
 * Requests about the connection or the whole filesystem: INIT, DESTROY, STATFS, SYNCFS; about another request:
 * INTERRUPT, NOTIFY_REPLY; and READLINK, which like DESTROY and STATFS has no arguments.
 * Authority: include/uapi/linux/fuse.h; fs/fuse/inode.c (fuse_send_init), fs/fuse/dev.c (fuse_retrieve).
 */
import type { Unique } from '../base/branded.js';
import type { Extension } from './extension.js';
import { InitFlags } from './init-flags.js';
import type { Opcode } from './opcode.js';
import { needEnd, needStruct, RequestHeader } from './request-header.js';
import { readCount, readUnique } from './wire.js';

type Extensions = readonly Extension[];

export const FUSE_KERNEL_VERSION = 7;

export class InitRequest extends RequestHeader<typeof Opcode.FUSE_INIT> {
  readonly major: number;
  readonly minor: number;
  readonly max_readahead: number;
  /** Low half of InitFlags. */
  readonly flags: number;
  /** High half of InitFlags; 0 in the 16-byte form of before 7.36. */
  readonly flags2: number;
  /** A major version other than 7 may come with any layout: then only `major` and `minor` mean something. */
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 8);
    this.major = message.readUInt32LE(40);
    this.minor = message.readUInt32LE(44);
    if (this.major !== FUSE_KERNEL_VERSION) {
      this.max_readahead = 0;
      this.flags = 0;
      this.flags2 = 0;
      return;
    }
    needStruct(message, end, 16);
    this.max_readahead = message.readUInt32LE(48);
    this.flags = message.readUInt32LE(52);
    if ((BigInt(this.flags) & InitFlags.FUSE_INIT_EXT) === 0n) {
      needEnd(message, end, 56);
      this.flags2 = 0;
    } else {
      // A later minor may grow the struct; fields this side does not know are its to ignore.
      needStruct(message, end, 64);
      this.flags2 = message.readUInt32LE(56);
    }
  }
}

/** No arguments. */
export class BareRequest extends RequestHeader<
  typeof Opcode.FUSE_DESTROY | typeof Opcode.FUSE_STATFS | typeof Opcode.FUSE_READLINK
> {
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 40);
  }
}

/** struct fuse_syncfs_in is padding and nothing else. */
export class SyncfsRequest extends RequestHeader<typeof Opcode.FUSE_SYNCFS> {
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 48);
  }
}

/** No reply of its own; EAGAIN asks the kernel to send it again. */
export class InterruptRequest extends RequestHeader<typeof Opcode.FUSE_INTERRUPT> {
  /** fuse_interrupt_in.unique: the request to interrupt. `unique` is this request's own. */
  readonly interrupt_unique: Unique;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 48);
    this.interrupt_unique = readUnique(message, 40);
  }
}

/** The answer to FUSE_NOTIFY_RETRIEVE; `unique` is its notify_unique. No reply. */
export class NotifyReplyRequest extends RequestHeader<typeof Opcode.FUSE_NOTIFY_REPLY> {
  readonly offset: number;
  readonly size: number;
  /** `size` bytes inside the message, not a copy. */
  readonly data: Buffer;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 40);
    this.offset = readCount(message, 48, 'offset');
    this.size = message.readUInt32LE(56);
    needEnd(message, end, 80 + this.size);
    this.data = message.subarray(80, end);
  }
}
