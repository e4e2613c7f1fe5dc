/**
 * Requests of files that act like devices: IOCTL and POLL.
 * Authority: include/uapi/linux/fuse.h; fs/fuse/ioctl.c, fs/fuse/file.c (fuse_file_poll).
 */
import type { Extension } from './extension.js';
import type { Opcode } from './opcode.js';
import { needEnd, needStruct, RequestHeader } from './request-header.js';
import { readU64 } from './wire.js';

type Extensions = readonly Extension[];

export class IoctlRequest extends RequestHeader<typeof Opcode.FUSE_IOCTL> {
  readonly fh: bigint;
  /** IoctlFlags */
  readonly flags: number;
  readonly cmd: number;
  /** The caller's argument: a pointer in its address space, or a plain number. */
  readonly arg: bigint;
  readonly in_size: number;
  readonly out_size: number;
  /** `in_size` bytes inside the message, not a copy. */
  readonly data: Buffer;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 32);
    this.fh = readU64(message, 40);
    this.flags = message.readUInt32LE(48);
    this.cmd = message.readUInt32LE(52);
    this.arg = readU64(message, 56);
    this.in_size = message.readUInt32LE(64);
    this.out_size = message.readUInt32LE(68);
    needEnd(message, end, 72 + this.in_size);
    this.data = message.subarray(72, end);
  }
}

export class PollRequest extends RequestHeader<typeof Opcode.FUSE_POLL> {
  readonly fh: bigint;
  /** What FUSE_NOTIFY_POLL names later to wake this poller. */
  readonly kh: bigint;
  /** PollFlags */
  readonly flags: number;
  /** POLL* of poll(2). */
  readonly events: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 64);
    this.fh = readU64(message, 40);
    this.kh = readU64(message, 48);
    this.flags = message.readUInt32LE(56);
    this.events = message.readUInt32LE(60);
  }
}
