/**
 * Builds golden bytes by hand, field after field.  Shares nothing with src/protocol, so that a wrong offset or
 * width there cannot hide behind the same mistake here.
 */
function view(length: number, fill: (view: DataView) => void): Buffer {
  const array = new ArrayBuffer(length);
  fill(new DataView(array));
  return Buffer.from(array);
}

export const u16 = (value: number): Buffer => view(2, (at) => at.setUint16(0, value, true));
export const u32 = (value: number): Buffer => view(4, (at) => at.setUint32(0, value, true));
export const s32 = (value: number): Buffer => view(4, (at) => at.setInt32(0, value, true));
export const u64 = (value: bigint | number): Buffer =>
  view(8, (at) => at.setBigUint64(0, BigInt(value), true));
export const s64 = (value: bigint | number): Buffer =>
  view(8, (at) => at.setBigInt64(0, BigInt(value), true));
/** Padding that a reader must not look at. */
export const junk = (length: number): Buffer => Buffer.alloc(length, 0xee);
export const zeros = (length: number): Buffer => Buffer.alloc(length);
/** Bytes by their latin1 characters, and a NUL. */
export const cstring = (text: string): Buffer => Buffer.from(`${text}\0`, 'latin1');
export const raw = (text: string): Buffer => Buffer.from(text, 'latin1');
export const bytes = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);
