/**
 * Request extensions: the blocks after the last argument, `total_extlen` times 8 bytes in all.
 * Owns where they start and that they chain exactly to the end; their payload is left to the reader.
 * Authority: include/uapi/linux/fuse.h (struct fuse_ext_header), fs/fuse/dir.c (get_create_ext).
 */
import { ProtocolError } from './errors.js';
import { InitFlags } from './init-flags.js';
import { findNul } from './name.js';
import { Opcode } from './opcode.js';

/** Types up to this are not types at all but the number of security contexts (struct fuse_secctx_header). */
export const FUSE_MAX_NR_SECCTX = 31;
/** struct fuse_supp_groups */
export const FUSE_EXT_GROUPS = 32;

export interface Extension {
  /** fuse_ext_header.type, or nr_secctx up to FUSE_MAX_NR_SECCTX. */
  readonly type: number;
  /** What follows the 8-byte header; it lies inside the message. */
  readonly payload: Buffer;
}

const HEADER_SIZE = 8;
export const noExtensions: readonly Extension[] = [];

/** Where the strings of a creating request start, and how many there are. */
const creating = new Map<number, { strings: number; at: number }>([
  [Opcode.FUSE_SYMLINK, { at: 40, strings: 2 }],
  [Opcode.FUSE_MKDIR, { at: 48, strings: 1 }],
  [Opcode.FUSE_MKNOD, { at: 56, strings: 1 }],
  [Opcode.FUSE_CREATE, { at: 56, strings: 1 }],
  [Opcode.FUSE_TMPFILE, { at: 56, strings: 1 }],
]);

/**
 * Offset at which the arguments end and the extensions begin.  Before 7.38 security contexts came without
 * total_extlen, so they are whatever follows the strings.
 */
export function extensionsStart(message: Buffer, opcode: number, flags: bigint): number {
  const total = message.readUInt16LE(36) * 8;
  if (total > message.length - 40) {
    throw new ProtocolError('LENGTH_MISMATCH', `extensions of ${total} bytes exceed the message`, message);
  }
  if (total !== 0 || (flags & InitFlags.FUSE_SECURITY_CTX) === 0n) return message.length - total;
  const where = creating.get(opcode);
  if (where === undefined) return message.length;
  let at = where.at;
  for (let left = where.strings; left > 0; left--) at = findNul(message, at, message.length) + 1;
  return at;
}

export function readExtensions(message: Buffer, start: number): readonly Extension[] {
  const extensions: Extension[] = [];
  for (let at = start; at < message.length; ) {
    if (message.length - at < HEADER_SIZE) {
      throw new ProtocolError('TRUNCATED', 'an extension ends inside its header', message);
    }
    const size = message.readUInt32LE(at);
    // get_create_ext pads each block to 8 bytes and counts the padding in its size.
    if (size < HEADER_SIZE || size % 8 !== 0 || size > message.length - at) {
      throw new ProtocolError('LENGTH_MISMATCH', `an extension claims ${size} bytes`, message);
    }
    extensions.push({
      type: message.readUInt32LE(at + 4),
      payload: message.subarray(at + HEADER_SIZE, at + size),
    });
    at += size;
  }
  return extensions;
}
