/** What differs between two runs: the shape that is published (schemas/diff.schema.json is made from it). */
import * as z from 'zod';
import { CellIdSpec, SpreadSpec } from '../run-json.js';

export const DIFF_JSON_VERSION = 1;

const RunSpec = z.object({
  directory: z.string().meta({ description: 'As it was given' }),
  kernel: z.string(),
  stuckfs: z.string(),
  on: z.string(),
  verdict: z.enum(['pass', 'fail', 'skip', 'unknown']),
  damage: z.array(z.string()),
});

const SideSpec = z
  .object({
    runs: z.int().min(0).meta({ description: 'How often it was played; 0 where it was skipped' }),
    outcomes: z.array(z.string()).meta({
      description:
        'Each that came, in alphabetical order; more than one is flapping. skipped where it was not played',
    }),
    verdicts: z.array(z.string()),
    expected: z.string().nullable(),
    decidedBy: z.string().nullable(),
    reason: z.string().nullable().meta({ description: 'Of the last time' }),
    triggerMs: SpreadSpec.nullable(),
    stallMs: SpreadSpec.nullable(),
    told: z.array(z.string()).meta({
      description: 'What the writer was told after a mitigation, each text that came; empty without one',
    }),
    lostBytes: z.array(z.int().min(0).nullable()).meta({
      description:
        'Written and not acknowledged at a mitigation, each number that came; null where not known',
    }),
    frees: z.array(z.boolean().nullable()).meta({
      description: 'Whether the mitigation freed the set, each that came; null where that was not shown',
    }),
    pageblocksFreed: SpreadSpec.nullable().meta({
      description: 'Pageblocks of the set that became huge pages; null where the trigger asks for none',
    }),
  })
  .nullable()
  .meta({ description: 'null where the run does not have it' });

const DoseSideSpec = z
  .object({
    runs: z.int().min(1),
    verdicts: z.array(z.string()),
    slope: SpreadSpec.nullable(),
    interceptMs: SpreadSpec.nullable(),
    residualMs: SpreadSpec.nullable(),
    reason: z.string().meta({ description: 'Of the last time' }),
  })
  .nullable()
  .meta({ description: 'null where the run does not have it' });

const ValueSpec = z.string().nullable();

export const DiffJsonSpec = z.object({
  version: z.literal(DIFF_JSON_VERSION),
  before: RunSpec,
  after: RunSpec,
  outcomesChanged: z.boolean().meta({
    description:
      'Of any cell, or the verdict of any dose; one that only one of the runs has counts, and one that only one has played',
  }),
  cells: z.array(
    CellIdSpec.extend({
      changed: z
        .array(z.enum(['presence', 'outcome', 'verdict', 'expected', 'decidedBy', 'told', 'lost', 'frees']))
        .meta({ description: 'Empty where only its times and pageblocks may differ' }),
      before: SideSpec,
      after: SideSpec,
    }),
  ),
  doseResponses: z
    .array(
      z.object({
        scenario: z.string(),
        trigger: z.string(),
        transport: z.string(),
        changed: z.array(z.enum(['presence', 'verdict'])),
        before: DoseSideSpec,
        after: DoseSideSpec,
      }),
    )
    .meta({ description: 'The stall as a function of the delay: the lines of both runs' }),
  features: z
    .array(z.object({ name: z.string(), before: z.boolean().nullable(), after: z.boolean().nullable() }))
    .meta({
      description: 'What the runs saw of their kernels, where they differ; null where they could not see it',
    }),
  environment: z
    .array(z.object({ name: z.string(), before: ValueSpec, after: ValueSpec }))
    .meta({ description: 'Of environment.json, where they differ; null where it is absent' }),
});

export type DiffJson = z.output<typeof DiffJsonSpec>;
export type CellDiff = DiffJson['cells'][number];
export type DoseDiff = DiffJson['doseResponses'][number];
export type DoseSide = NonNullable<DoseDiff['before']>;
export type DiffSide = NonNullable<CellDiff['before']>;
