/**
 * A fault plan on the control interface.  Its shape and its checks are the plan room's; one daemon carries out one
 * plan at a time.
 */
import * as z from 'zod';
import { PlanSpec } from '../../plan/check-plan.js';
import { count, identifier } from './scalars.js';

export type { Plan, PlanInput } from '../../plan/plan.js';
export { PlanSpec };

const sincePlanBegan = z.number().min(0).nullable();

const PhaseStatus = z.object({
  name: z.string(),
  state: z.enum(['ahead', 'current', 'over']),
  beganMs: sincePlanBegan.describe('Since the plan began; null before the phase.'),
  endedMs: sincePlanBegan.describe('Since the plan began; null until the phase is over.'),
  faultIds: z.array(identifier).describe('The faults that the phase has armed.'),
  released: count.describe('Requests that its release steps have answered.'),
});

export const PlanStatus = z.object({
  state: z
    .enum(['none', 'running', 'finished', 'stopped', 'failed'])
    .describe('none: no plan was ever started; finished: it came to its end by itself.'),
  elapsedMs: z.number().min(0).describe('Since it began.'),
  seed: count.nullable().describe('Of the random choices of its faults.'),
  phases: z.array(PhaseStatus),
  waitsFor: z.string().nullable().describe('What the current phase waits for, in words.'),
  reason: z.string().nullable().describe('Why it failed.'),
});
export type PlanStatus = z.output<typeof PlanStatus>;
