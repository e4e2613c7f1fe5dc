/**
 * The scalars that several messages of the control interface are made of.
 * A u64 travels as a decimal string, because a JSON number loses its low bits; a count is a safe integer.
 */
import * as z from 'zod';
import { Opcode, type OpcodeName } from '../../protocol/opcode.js';

export { faultableOpcodes, OpcodeSpec } from '../../fault/fault.js';
export type { OpcodeName } from '../../protocol/opcode.js';

const maxUnique = 2n ** 64n - 1n;

/** `unique` of struct fuse_in_header in decimal. */
export const UniqueText = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,19})$/, 'must be a decimal number')
  .refine((text) => !/^[0-9]{1,20}$/.test(text) || BigInt(text) <= maxUnique, 'must fit in 64 bits');

export const count = z.int().min(0);
export const identifier = z.int().min(1);

/** A number as a path segment or a query carries it: digits, and nothing that only looks like a number. */
export function fromText<T extends z.ZodType<number, number>>(number: T) {
  return z
    .string()
    .regex(/^[0-9]{1,16}$/, 'must be a whole number')
    .transform(Number)
    .pipe(number);
}

export const OpcodeNameText = z.enum(Object.keys(Opcode) as OpcodeName[]);

/** Opcode to number of requests; an opcode without any is absent. */
export const CountByOpcode = z.partialRecord(OpcodeNameText, count);
export type CountByOpcode = z.output<typeof CountByOpcode>;

/** How many requests, and how many bytes of file data they read or write. */
export const Amount = z.object({ requests: count, bytes: count });
export type Amount = z.output<typeof Amount>;
