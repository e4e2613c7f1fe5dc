/**
 * Requests as bytes, as the kernel would have sent them, for what libfuse has taken apart: above a transport a
 * request is its message.  What fuse-native does not tell (caller, flags, lock owner) is as if the daemon had asked.
 * Authority: include/uapi/linux/fuse.h.
 */
import type { NodeId, Unique } from '../../base/branded.js';
import type { ByteName } from '../../protocol/name.js';
import { Opcode, type OpcodeName } from '../../protocol/opcode.js';
import { IN_HEADER_SIZE } from '../../protocol/request-header.js';
import { putCount, putSeconds, putU32, putU64 } from '../../protocol/wire.js';

const uid = process.geteuid?.() ?? 0;
const gid = process.getegid?.() ?? 0;

/** Of fuse_setattr_in; what is absent is 0. */
export interface SetattrFields {
  readonly valid: number;
  readonly fh?: number;
  readonly size?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly atimeMs?: number;
  readonly mtimeMs?: number;
}

/** One message, built in a buffer that is used again for the next. */
export class MessageBuilder {
  private buffer = Buffer.allocUnsafeSlow(1 << 18);
  private end = 0;

  start(opcode: OpcodeName, nodeid: NodeId): this {
    this.end = 0;
    this.room(IN_HEADER_SIZE).fill(0, 0, IN_HEADER_SIZE);
    putU32(this.buffer, 4, Opcode[opcode], 'opcode');
    putCount(this.buffer, 16, nodeid, 'nodeid');
    putU32(this.buffer, 24, uid, 'uid');
    putU32(this.buffer, 28, gid, 'gid');
    this.end = IN_HEADER_SIZE;
    return this;
  }

  u32(...values: readonly number[]): this {
    const at = this.end;
    this.room(values.length * 4);
    values.forEach((value, index) => {
      putU32(this.buffer, at + index * 4, value, 'a word');
    });
    this.end += values.length * 4;
    return this;
  }

  u64(...values: readonly number[]): this {
    const at = this.end;
    this.room(values.length * 8);
    values.forEach((value, index) => {
      putCount(this.buffer, at + index * 8, value, 'a count');
    });
    this.end += values.length * 8;
    return this;
  }

  seconds(...values: readonly number[]): this {
    const at = this.end;
    this.room(values.length * 8);
    values.forEach((value, index) => {
      putSeconds(this.buffer, at + index * 8, value, 'a time');
    });
    this.end += values.length * 8;
    return this;
  }

  data(bytes: Uint8Array): this {
    this.room(bytes.length).set(bytes, this.end);
    this.end += bytes.length;
    return this;
  }

  /** With its NUL. */
  name(name: ByteName): this {
    return this.data(Buffer.from(`${name}\0`, 'latin1'));
  }

  /** The whole message; valid until the next one is started. */
  finish(unique: Unique): Buffer {
    putU32(this.buffer, 0, this.end, 'len');
    putU64(this.buffer, 8, unique, 'unique');
    return this.buffer.subarray(0, this.end);
  }

  /** struct fuse_setattr_in. */
  setattr({ valid, fh = 0, size = 0, mode = 0, uid = 0, gid = 0, atimeMs = 0, mtimeMs = 0 }: SetattrFields) {
    const [atime, atimensec] = timeOf(atimeMs);
    const [mtime, mtimensec] = timeOf(mtimeMs);
    return this.u32(valid, 0)
      .u64(fh, size, 0)
      .seconds(atime, mtime, 0)
      .u32(atimensec, mtimensec, 0, mode, 0, uid, gid, 0);
  }

  /** struct fuse_read_in, and struct fuse_write_in, which differ in the names of what is 0 here. */
  io(fh: number, offsetBytes: number, sizeBytes: number): this {
    return this.u64(fh, offsetBytes).u32(sizeBytes, 0).u64(0).u32(0, 0);
  }

  private room(bytes: number): Buffer {
    if (this.end + bytes > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (this.end + bytes));
      this.buffer.copy(larger, 0, 0, this.end);
      this.buffer = larger;
    }
    return this.buffer;
  }
}

function timeOf(ms: number): [sec: number, nsec: number] {
  const sec = Math.floor(ms / 1000);
  return [sec, (ms - sec * 1000) * 1_000_000];
}
