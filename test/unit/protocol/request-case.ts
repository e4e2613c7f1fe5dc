/** The shape of a golden request, its header, and the handles that many of them carry. */
import { Opcode, type OpcodeName } from '../../../src/protocol/opcode.js';
import { bytes, junk, u16, u32, u64 } from '../../support/bytes.js';

export interface RequestCase {
  readonly title: string;
  readonly opcode: OpcodeName;
  /** Everything behind the header, extensions included. */
  readonly args: Buffer;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Behind "OPCODE unique=U nodeid=N pid=P". */
  readonly print: string;
  /** What INIT agreed on. */
  readonly flags?: bigint;
  readonly total_extlen?: number;
  /** Bytes of `args` at which the message is whole as well, without its extensions. */
  readonly wholeWithout?: number;
  /** A later minor version may put more behind it. */
  readonly mayGrow?: true;
}

export const header = {
  unique: 0x8122_3344_5566_7788n,
  nodeid: 0x1_0203_0405,
  uid: 1000,
  gid: 100,
  pid: 77,
};

export function message(opcode: number, args: Buffer, total_extlen = 0): Buffer {
  return bytes(
    u32(40 + args.length), // len
    u32(opcode),
    u64(header.unique),
    u64(header.nodeid),
    u32(header.uid),
    u32(header.gid),
    u32(header.pid),
    u16(total_extlen),
    junk(2), // padding
    args,
  );
}

export const messageOf = (testCase: RequestCase): Buffer =>
  message(Opcode[testCase.opcode], testCase.args, testCase.total_extlen);

export const FH = 0xf1f2_f3f4_f5f6_f7f8n;
export const OWNER = 0xe1e2_e3e4_e5e6_e7e8n;
export const fh = `fh=${FH}`;
