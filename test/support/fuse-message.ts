/** Requests as /dev/fuse gives them, built by hand: struct fuse_in_header of include/uapi/linux/fuse.h. */
import { Opcode, type OpcodeName } from '../../src/protocol/opcode.js';
import { bytes, u16, u32, u64, zeros } from './bytes.js';

export interface MessageHeader {
  readonly unique?: bigint | number;
  readonly nodeid?: number;
  readonly pid?: number;
}

export const caller = { uid: 1000, gid: 100 };

export function fuseMessage(
  opcode: OpcodeName | number,
  { unique = 2, nodeid = 1, pid = 77 }: MessageHeader = {},
  ...args: readonly Buffer[]
): Buffer {
  const body = bytes(...args);
  return bytes(
    u32(40 + body.length), // len
    u32(typeof opcode === 'number' ? opcode : Opcode[opcode]),
    u64(unique),
    u64(nodeid),
    u32(caller.uid),
    u32(caller.gid),
    u32(pid),
    u16(0), // total_extlen
    zeros(2),
    body,
  );
}
