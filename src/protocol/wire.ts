/**
 * Numbers on the FUSE wire: reads at fixed offsets from a request, and writes into a reply.
 * Little-endian only: the protocol is host-endian, and a swapped host is told by FUSE_INIT_BSWAP_RESERVED being
 * an unknown opcode.  Callers check lengths first; nothing here reads past what they checked.
 */
import type { NodeId, Unique } from '../base/branded.js';
import { ProtocolError } from './errors.js';

const TWO_32 = 0x1_0000_0000;
/** The high word of 2^53 - 1. */
const SAFE_HIGH = 0x1f_ffff;

// One shared cell: V8 turns the load into a single BigInt, where Buffer.readBigUInt64LE makes three.
const cell = new BigUint64Array(1);
const halves = new Uint32Array(cell.buffer);

export function readU64(message: Buffer, offset: number): bigint {
  halves[0] = message.readUInt32LE(offset);
  halves[1] = message.readUInt32LE(offset + 4);
  return cell[0] as bigint;
}

export function readUnique(message: Buffer, offset: number): Unique {
  return readU64(message, offset) as Unique;
}

/** A u64 that counts (offset, size, nlookup): BAD_VALUE above 2^53 - 1. */
export function readCount(message: Buffer, offset: number, field: string): number {
  const high = message.readUInt32LE(offset + 4);
  if (high > SAFE_HIGH) {
    throw new ProtocolError('BAD_VALUE', `${field} is ${readU64(message, offset)}, above 2^53-1`, message);
  }
  return high * TWO_32 + message.readUInt32LE(offset);
}

export function readNodeId(message: Buffer, offset: number, field: string): NodeId {
  return readCount(message, offset, field) as NodeId;
}

/** Seconds since the epoch; signed, since times before 1970 travel as two's complement. */
export function readSeconds(message: Buffer, offset: number, field: string): number {
  const seconds = message.readInt32LE(offset + 4) * TWO_32 + message.readUInt32LE(offset);
  if (!Number.isSafeInteger(seconds)) {
    throw new ProtocolError('BAD_VALUE', `${field} is beyond the safe integers`, message);
  }
  return seconds;
}

function unencodable(field: string, value: number | bigint): ProtocolError {
  return new ProtocolError('UNENCODABLE', `${field} is ${value}`);
}

export function putU16(into: Buffer, offset: number, value: number, field: string): void {
  if ((value & 0xffff) !== value) throw unencodable(field, value);
  into[offset] = value;
  into[offset + 1] = value >>> 8;
}

export function putU32(into: Buffer, offset: number, value: number, field: string): void {
  if (value >>> 0 !== value) throw unencodable(field, value);
  putWord(into, offset, value);
}

export function putS32(into: Buffer, offset: number, value: number, field: string): void {
  if ((value | 0) !== value) throw unencodable(field, value);
  putWord(into, offset, value);
}

export function putU64(into: Buffer, offset: number, value: bigint, field: string): void {
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw unencodable(field, value);
  putBig(into, offset, value);
}

export function putS64(into: Buffer, offset: number, value: bigint, field: string): void {
  if (BigInt.asIntN(64, value) !== value) throw unencodable(field, value);
  putBig(into, offset, value);
}

/** A u64 given as a number: a safe integer, not negative. */
export function putCount(into: Buffer, offset: number, value: number, field: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw unencodable(field, value);
  putWord(into, offset, value % TWO_32);
  putWord(into, offset + 4, Math.floor(value / TWO_32));
}

/** A u64 that holds an s64 of seconds; floor keeps the high word right below zero. */
export function putSeconds(into: Buffer, offset: number, value: number, field: string): void {
  if (!Number.isSafeInteger(value)) throw unencodable(field, value);
  const high = Math.floor(value / TWO_32);
  putWord(into, offset, value - high * TWO_32);
  putWord(into, offset + 4, high);
}

/** Reply buffers are reused, so padding is written, never left as it was. */
export function putZero(into: Buffer, offset: number, length: number): void {
  for (let at = offset; at < offset + length; at++) into[at] = 0;
}

function putBig(into: Buffer, offset: number, value: bigint): void {
  cell[0] = value;
  putWord(into, offset, halves[0] as number);
  putWord(into, offset + 4, halves[1] as number);
}

function putWord(into: Buffer, offset: number, value: number): void {
  into[offset] = value;
  into[offset + 1] = value >>> 8;
  into[offset + 2] = value >>> 16;
  into[offset + 3] = value >>> 24;
}
