/**
 * The fault model: one rule of misbehaviour is a match and an action (DESIGN.md section 2).
 * Owns the shape that users write, its checks and its normal form; compiling a match is match.ts's work, and
 * each action has a file of its own.
 */
import * as z from 'zod';
import { ActionSpec, opcodesOfAction } from './actions.js';
import { GlobSpec } from './glob.js';
import { OpcodeSpec, shortOpcode } from './opcode-spec.js';
import { strictShape } from './strict-shape.js';

export { GlobSpec } from './glob.js';
export { faultableOpcodes, OpcodeSpec } from './opcode-spec.js';

const byteOffset = z.int().min(0);
/** A billion requests: at 100,000 a second that is hours away; more is a slip of the hand. */
const ordinal = z.int().min(1).max(1_000_000_000);

const RangeSpec = strictShape({ start: byteOffset, end: z.int().min(1).optional() }).refine(
  (range) => range.end === undefined || range.end > range.start,
  { path: ['end'], error: 'must be above start: the range is [start, end)' },
);

const MatchSpec = strictShape({
  /** Each once; without it, every opcode that has a reply, INIT and DESTROY aside. */
  opcodes: z
    .array(OpcodeSpec)
    .min(1)
    .overwrite((opcodes) => [...new Set(opcodes)])
    .optional(),
  /** Anchored at the root of the mount (glob.ts); a request about a node without a path never matches one. */
  path: GlobSpec.optional(),
  nodeid: z.int().min(1).optional(),
  /** Bytes [start, end) of the file; a request without an offset never matches a range. */
  range: RangeSpec.optional(),
  /** Only the nth request that matches all the rest, counted from 1. */
  nth: ordinal.optional(),
  /** Every nth request that matches all the rest. */
  every: ordinal.optional(),
  /** Drawn last, only for a request that matches all the rest, nth and every included. */
  probability: z.number().gt(0).max(1).optional(),
}).refine((match) => match.nth === undefined || match.every === undefined, {
  path: ['every'],
  error: 'give nth or every, not both',
});

export const FaultSpec = strictShape({
  match: MatchSpec.default({}),
  action: ActionSpec,
})
  .superRefine(({ match, action }, context) => {
    const possible = opcodesOfAction(action.type);
    for (const [index, opcode] of (match.opcodes ?? []).entries()) {
      if (possible?.includes(opcode) ?? true) continue;
      context.addIssue({
        code: 'custom',
        path: ['match', 'opcodes', index],
        message: `the action ${action.type} is for ${possible?.map(shortOpcode).join(' and ')} only`,
      });
    }
  })
  // An action that is not for all opcodes matches those that it is for, unless told.
  .overwrite((fault) => {
    const possible = opcodesOfAction(fault.action.type);
    if (possible === undefined || fault.match.opcodes !== undefined) return fault;
    return { ...fault, match: { ...fault.match, opcodes: [...possible] } };
  });

/** A fault as a user writes it: JSON of a control request, or made from the words of a command. */
export type FaultInput = z.input<typeof FaultSpec>;
/** The checked normal form. */
export type Fault = z.output<typeof FaultSpec>;
export type Match = z.output<typeof MatchSpec>;
