/**
 * Extended attributes: SETXATTR in its 8-byte and its extended form, GETXATTR, LISTXATTR, REMOVEXATTR.
 * Authority: fs/fuse/xattr.c (fuse_setxattr picks the form by what INIT agreed on).
 */
import type { Extension } from './extension.js';
import { InitFlags } from './init-flags.js';
import { type ByteName, findNul, readXattrName } from './name.js';
import type { Opcode } from './opcode.js';
import { needEnd, needStruct, RequestHeader } from './request-header.js';

type Extensions = readonly Extension[];

/** FUSE_COMPAT_SETXATTR_IN_SIZE */
const COMPAT_SIZE = 8;
const EXTENDED_SIZE = 16;

export class SetxattrRequest extends RequestHeader<typeof Opcode.FUSE_SETXATTR> {
  readonly size: number;
  /** XATTR_CREATE 1, XATTR_REPLACE 2 of setxattr(2). */
  readonly flags: number;
  /** SetxattrFlags; 0 in the compat form. */
  readonly setxattr_flags: number;
  readonly name: ByteName;
  /** `size` bytes inside the message, not a copy. */
  readonly value: Buffer;
  constructor(message: Buffer, end: number, extensions: Extensions, initFlags: bigint) {
    super(message, extensions);
    const extended = (initFlags & InitFlags.FUSE_SETXATTR_EXT) !== 0n;
    const size = extended ? EXTENDED_SIZE : COMPAT_SIZE;
    needStruct(message, end, size);
    this.size = message.readUInt32LE(40);
    this.flags = message.readUInt32LE(44);
    this.setxattr_flags = extended ? message.readUInt32LE(48) : 0;
    const nul = findNul(message, 40 + size, end);
    needEnd(message, end, nul + 1 + this.size);
    this.name = readXattrName(message, 40 + size, nul);
    this.value = message.subarray(nul + 1, end);
  }
}

export class GetxattrRequest extends RequestHeader<typeof Opcode.FUSE_GETXATTR> {
  /** Room for the value; 0 asks for its length only. */
  readonly size: number;
  readonly name: ByteName;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needStruct(message, end, 8);
    this.size = message.readUInt32LE(40);
    const nul = findNul(message, 48, end);
    needEnd(message, end, nul + 1);
    this.name = readXattrName(message, 48, nul);
  }
}

export class ListxattrRequest extends RequestHeader<typeof Opcode.FUSE_LISTXATTR> {
  /** Room for the names; 0 asks for their length only. */
  readonly size: number;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    needEnd(message, end, 48);
    this.size = message.readUInt32LE(40);
  }
}

export class RemovexattrRequest extends RequestHeader<typeof Opcode.FUSE_REMOVEXATTR> {
  readonly name: ByteName;
  constructor(message: Buffer, end: number, extensions: Extensions) {
    super(message, extensions);
    const nul = findNul(message, 40, end);
    needEnd(message, end, nul + 1);
    this.name = readXattrName(message, 40, nul);
  }
}
