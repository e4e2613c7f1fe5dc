/** How a boot of a matrix ended: a file beside its run directory. Without one it has not ended, whatever is there. */
import * as z from 'zod';
import { CellsSpec } from './matrix-plan.js';

export const BootEndSpec = z.object({
  plan: z.string().meta({ description: 'Id of the plan that it was played for' }),
  release: z.string(),
  accel: z.enum(['kvm', 'tcg']),
  hostMs: z.number().min(0),
  end: z.union([
    z.object({
      kind: z.literal('ended'),
      exitStatus: z.int(),
      guestMs: z.number().min(0),
      again: z.array(CellsSpec).default([]).meta({
        description:
          'Where its time ran out: the cells that are not known, each list to be played again by itself',
      }),
    }),
    z.object({
      kind: z.literal('failed'),
      cut: z.boolean().meta({ description: 'One of its cells may be why: it is played again in two halves' }),
      code: z.string(),
      message: z.string(),
      tail: z.array(z.string()).meta({ description: "The last lines of the guest's console" }),
    }),
  ]),
});

export type BootEnd = z.output<typeof BootEndSpec>;
