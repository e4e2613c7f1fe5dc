/**
 * The shape of a fault plan: named phases, one after the other, each with faults, a condition, and what is then
 * done.  The normal form is in the same language, so that a checked plan can be checked again.  What cannot come
 * true is check-plan.ts's to find.
 */
import * as z from 'zod';
import { parseDuration } from '../base/duration.js';
import { UsageError } from '../base/errors.js';
import { GlobSpec, OpcodeSpec } from '../fault/fault.js';
import { strictShape } from '../fault/strict-shape.js';
import { PlanFaultSpec } from './plan-fault.js';

/**
 * The kernel's ceiling of max_background, a u16 of struct fuse_init_out: it has no more asynchronous requests out
 * at once.
 */
const maxHeld = 65_535;
const billion = 1_000_000_000;
const maxPhases = 1000;
/** Of faults and of steps in one phase. */
const maxItems = 100;

/** A span such as "300ms"; stays a text. */
const DurationText = z
  .string({ error: 'give a number and a unit, for example 300ms, 5s or 2m' })
  .superRefine((text, context) => {
    try {
      parseDuration('', text);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      context.addIssue(error.remedy);
    }
  })
  .meta({
    description: 'A number and a unit; at most 24h.',
    pattern: '^(0|\\d{1,15}(\\.\\d{1,15})?(ns|us|ms|s|m|h))$',
  });

/** Which held requests are meant; both conditions must hold. */
const heldFilter = {
  opcodes: z.array(OpcodeSpec).min(1).optional(),
  path: GlobSpec.optional().describe('A glob over the path inside the mount.'),
};

/** An object of which exactly one of these fields is given. */
function oneOf<Spec extends z.ZodObject>(spec: Spec, names: readonly (keyof z.output<Spec> & string)[]) {
  const nrGiven = (value: z.output<Spec>) => names.filter((name) => value[name] !== undefined).length;
  return spec
    .refine((value) => nrGiven(value) === 1, { error: `give exactly one of ${names.join(', ')}` })
    .meta({
      oneOf: names.map((name) => ({ type: 'object', properties: { [name]: {} }, required: [name] })),
    });
}

const HeldCondition = oneOf(
  strictShape({
    count: z
      .int()
      .min(1)
      .max(maxHeld, {
        error: `can never be: give at most ${maxHeld}, the most that max_background lets out at once`,
      })
      .optional()
      .describe(`At least so many are held; at most ${maxHeld}.`),
    atMost: z.int().min(0).optional().describe('No more than so many are held.'),
    ...heldFilter,
  }),
  ['count', 'atMost'],
);

const RequestsCondition = strictShape({
  count: z.int().min(1).max(billion).describe('So many have come since the phase began.'),
  opcodes: z.array(OpcodeSpec).min(1).optional(),
});

const ConditionSpec = oneOf(
  strictShape({
    after: DurationText.optional(),
    held: HeldCondition.optional(),
    requests: RequestsCondition.optional(),
  }),
  ['after', 'held', 'requests'],
);

const ReleaseSpec = strictShape({
  ...heldFilter,
  count: z.int().min(1).max(billion).optional().describe('At most so many, taken in the given order.'),
  fraction: z.number().gt(0).max(1).optional().describe('This share of those that match, rounded up.'),
  never: z.boolean().optional().describe('Also what the action never holds.'),
  order: z.enum(['fifo', 'reversed']).default('fifo').describe('Oldest first, or newest first.'),
}).refine((release) => release.count === undefined || release.fraction === undefined, {
  path: ['fraction'],
  error: 'give count or fraction, not both',
});

const StepSpec = z.union(
  [
    z.enum(['release', 'unplug', 'plug']),
    oneOf(strictShape({ wait: DurationText.optional(), release: ReleaseSpec.optional() }), [
      'wait',
      'release',
    ]),
  ],
  { error: 'give release, unplug, plug, wait: 5s, or release: {...}' },
);

const PhaseSpec = strictShape({
  name: z.string().regex(/^[\w.-][\w .-]{0,63}$/, 'give 1 to 64 letters, digits, blanks and ._-'),
  faults: z.array(PlanFaultSpec).max(maxItems).default([]).describe('Armed when the phase begins.'),
  until: z
    .union([z.literal('never'), ConditionSpec], { error: 'give never, or one of after, held, requests' })
    .optional()
    .describe('What the phase waits for before its steps; never: for `plan stop`.'),
  steps: z.array(StepSpec).max(maxItems).default([]).describe('Done in turn once the condition holds.'),
  keep: z.boolean().default(false).describe('The faults stay when the phase is over.'),
});

export const PlanShape = strictShape({
  seed: z
    .int()
    .min(0)
    .max(0xffff_ffff)
    .optional()
    .describe('Of every random choice of its faults; the seed of the mount unless given.'),
  phases: z.array(PhaseSpec).min(1).max(maxPhases),
});

/** As a user writes it. */
export type PlanInput = z.input<typeof PlanShape>;
/** The checked normal form. */
export type Plan = z.output<typeof PlanShape>;
export type Phase = Plan['phases'][number];
export type Condition = Exclude<NonNullable<Phase['until']>, 'never'>;
export type Step = Phase['steps'][number];
export type HeldFilterOfPlan = Pick<NonNullable<Condition['held']>, 'opcodes' | 'path'>;
