/**
 * What is thrown when a message from the kernel cannot be read, or a reply cannot be put on the wire.
 * The codes are closed; `unique` and `opcode` are there when the header could be read, so that the server can
 * still answer that request (authority: include/uapi/linux/fuse.h, struct fuse_in_header).
 */
import type { Unique } from '../base/branded.js';
import { StuckfsError } from '../base/errors.js';

export type ProtocolErrorCode =
  /** The message ends before its header, struct, string or payload does. */
  | 'TRUNCATED'
  /** A length inside the message disagrees with another, or bytes are left over. */
  | 'LENGTH_MISMATCH'
  /** An opcode that this protocol version does not have: answer ENOSYS. */
  | 'UNKNOWN_OPCODE'
  /** A name that is empty, too long, not terminated, or holds a slash, or "." or "..". */
  | 'BAD_NAME'
  /** A 64-bit count, offset or time outside the safe integers: answer EINVAL. */
  | 'BAD_VALUE'
  /** A reply or notification of ours that does not fit its field or its buffer: a bug on our side. */
  | 'UNENCODABLE';

export class ProtocolError extends StuckfsError {
  readonly unique: Unique | undefined;
  readonly opcode: number | undefined;

  /** @param message the bytes that were being read; at least 16 of them give `opcode` and `unique`. */
  constructor(
    override readonly code: ProtocolErrorCode,
    detail: string,
    message?: Buffer,
  ) {
    super(`${code}: ${detail}`);
    if (message !== undefined && message.length >= 16) {
      this.opcode = message.readUInt32LE(4);
      this.unique = message.readBigUInt64LE(8) as Unique;
    }
  }
}
