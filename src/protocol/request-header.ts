/**
 * What every request carries (struct fuse_in_header in include/uapi/linux/fuse.h), and the length checks that
 * the requests share.  The classes only read; decodeRequest in request.ts has checked the header before.
 */
import type { NodeId, Unique } from '../base/branded.js';
import { ProtocolError } from './errors.js';
import type { Extension } from './extension.js';
import type { Opcode } from './opcode.js';
import { readNodeId, readUnique } from './wire.js';

export const IN_HEADER_SIZE = 40;

/** A class and not a literal: one allocation with one shape for each opcode, and the header written once. */
export class RequestHeader<O extends Opcode> {
  readonly opcode: O;
  readonly unique: Unique;
  readonly nodeid: NodeId;
  /** 2^32-1 (FUSE_INVALID_UIDGID), and so `gid`, where an idmapped mount has no mapping for it. */
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
  /** In units of 8 bytes. */
  readonly total_extlen: number;
  readonly extensions: readonly Extension[];

  /** @param message a whole message whose opcode is one of O */
  constructor(message: Buffer, extensions: readonly Extension[]) {
    this.opcode = message.readUInt32LE(4) as O;
    this.unique = readUnique(message, 8);
    this.nodeid = readNodeId(message, 16, 'nodeid');
    this.uid = message.readUInt32LE(24);
    this.gid = message.readUInt32LE(28);
    this.pid = message.readUInt32LE(32);
    this.total_extlen = message.readUInt16LE(36);
    this.extensions = extensions;
  }
}

/** The arguments must be there up to `size` bytes behind the header. */
export function needStruct(message: Buffer, end: number, size: number): void {
  if (end < IN_HEADER_SIZE + size) {
    throw new ProtocolError('TRUNCATED', `${end - IN_HEADER_SIZE} bytes of arguments, not ${size}`, message);
  }
}

/** The arguments must end exactly at `at`. */
export function needEnd(message: Buffer, end: number, at: number): void {
  if (end < at) throw new ProtocolError('TRUNCATED', `${at - end} bytes are missing`, message);
  if (end > at) throw new ProtocolError('LENGTH_MISMATCH', `${end - at} bytes are left over`, message);
}
