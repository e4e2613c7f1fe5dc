/**
 * The fault model: one rule of misbehaviour is a match and an action (DESIGN.md section 2).
 * Owns the shape that users write, its checks and its normal form; compiling a match is match.ts's work, and
 * each action has a file of its own.
 */
import picomatch from 'picomatch';
import { z } from 'zod';
import { Opcode, type OpcodeName } from '../protocol/opcode.js';

/** Opcodes that never get a reply, so nothing can be withheld. */
const withoutReply: ReadonlySet<OpcodeName> = new Set([
  'FUSE_FORGET',
  'FUSE_BATCH_FORGET',
  'FUSE_INTERRUPT',
  'FUSE_NOTIFY_REPLY',
]);
/** Opcodes whose failure takes the whole connection with it: INIT makes it, DESTROY ends it. */
const ofTheConnection: ReadonlySet<OpcodeName> = new Set(['FUSE_INIT', 'FUSE_DESTROY']);

/** Every opcode that a fault may match; also what a fault without `opcodes` matches. */
export const faultableOpcodes: readonly OpcodeName[] = (Object.keys(Opcode) as OpcodeName[]).filter(
  (name) => !withoutReply.has(name) && !ofTheConnection.has(name),
);

/** `write`, `WRITE` and `FUSE_WRITE` all name FUSE_WRITE. */
export const OpcodeSpec = z.string().transform((given, context): OpcodeName => {
  const upper = given.toUpperCase();
  const name = (upper.startsWith('FUSE_') ? upper : `FUSE_${upper}`) as OpcodeName;
  if (ofTheConnection.has(name)) {
    context.addIssue(`${JSON.stringify(given)} makes or ends the connection itself and cannot be faulted`);
    return z.NEVER;
  }
  if (withoutReply.has(name)) {
    context.addIssue(`${JSON.stringify(given)} has no reply that could be withheld`);
    return z.NEVER;
  }
  if (!(name in Opcode)) {
    const known = faultableOpcodes.map((opcode) => opcode.slice('FUSE_'.length).toLowerCase()).join(', ');
    context.addIssue(`${JSON.stringify(given)} is not an opcode; known: ${known}`);
    return z.NEVER;
  }
  return name;
});

/** A path glob as picomatch reads it, matched against the path inside the mount ("/dir/file"). */
export const GlobSpec = z
  .string()
  .min(1)
  .max(4096)
  .superRefine((glob, context) => {
    try {
      picomatch.makeRe(glob, { strictBrackets: true, dot: true });
    } catch (error) {
      context.addIssue(`${JSON.stringify(glob)} is not a glob: ${(error as Error).message}`);
    }
  });

const offsetBytes = z.int().min(0);
const delayMs = z.number().min(0).max(86_400_000);

export const MatchSpec = z
  .strictObject({
    opcodes: z.array(OpcodeSpec).min(1).optional(),
    path: GlobSpec.optional(),
    nodeid: z.int().min(1).optional(),
    /** Bytes [start, end) of the file; a request without an offset never matches a range. */
    range: z
      .strictObject({ start: offsetBytes, end: z.int().min(1).optional() })
      .refine((range) => range.end === undefined || range.end > range.start, 'end must be above start')
      .optional(),
    /** Only the nth request that matches all the rest, counted from 1. */
    nth: z.int().min(1).optional(),
    /** Every nth request that matches all the rest. */
    every: z.int().min(1).optional(),
    probability: z.number().gt(0).max(1).optional(),
  })
  .refine((match) => match.nth === undefined || match.every === undefined, 'give nth or every, not both');

export const DistributionSpec = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), ms: delayMs }),
  z
    .strictObject({ kind: z.literal('uniform'), minMs: delayMs, maxMs: delayMs })
    .refine((uniform) => uniform.maxMs >= uniform.minMs, 'maxMs must not be below minMs'),
  z.strictObject({ kind: z.literal('normal'), meanMs: delayMs, stddevMs: delayMs }),
]);

export const ActionSpec = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hold') }),
  z.strictObject({ type: z.literal('delay'), distribution: DistributionSpec }),
]);

export const FaultSpec = z.strictObject({
  match: MatchSpec.default({}),
  action: ActionSpec,
});

/** A fault as a user writes it: JSON of a control request, or made from the words of a command. */
export type FaultInput = z.input<typeof FaultSpec>;
/** The checked normal form. */
export type Fault = z.output<typeof FaultSpec>;
export type Match = z.output<typeof MatchSpec>;
export type Action = z.output<typeof ActionSpec>;
export type Distribution = z.output<typeof DistributionSpec>;
