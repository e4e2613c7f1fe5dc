/** `matrix.json`: the shape that is published (schemas/matrix.schema.json is made from it). */
import * as z from 'zod';
import { CellIdSpec, SpreadSpec } from '../report/run-json.js';
import { KernelSourceSpec } from './matrix-plan.js';

export const MATRIX_JSON_VERSION = 1;

const count = z.int().min(0);
const outcome = z.enum(['migrated', 'stalled', 'failed', 'not-attempted', 'unknown']);
const verdict = z.enum(['pass', 'fail', 'skip', 'unknown']);
const label = z.string().meta({ description: 'Label of a kernel' });

const KernelSpec = z.object({
  label: z.string().meta({ description: 'Its directory, and the head of its column' }),
  name: z.string().meta({ description: 'As it was asked for' }),
  modules: z.string().nullable(),
  release: z.string(),
  imageSha256: z.string(),
  source: KernelSourceSpec,
});

const BootSpec = z.object({
  kernel: label,
  name: z.string(),
  state: z.enum(['ended', 'failed', 'not-played']),
  directory: z
    .string()
    .nullable()
    .meta({ description: 'Its run directory; null where it has none. Relative to matrix.json' }),
  arms: count.meta({ description: 'How many it was to play' }),
  accel: z.enum(['kvm', 'tcg']).nullable(),
  guestMs: z.number().min(0).nullable().meta({ description: "By the guest's clock" }),
  hostMs: z.number().min(0).nullable(),
  verdict: verdict.meta({ description: 'Of its run; unknown where there is none' }),
  damage: z.array(z.string()).meta({ description: 'What of its run directory is broken' }),
  failure: z
    .object({
      code: z.string().meta({ description: 'VM_PANIC, VM_OOPS, VM_HUNG, VM_QEMU, VM_BOOT, VM_NO_RESULT …' }),
      message: z.string(),
      tail: z.array(z.string()).meta({ description: "The last lines of the guest's console" }),
    })
    .nullable(),
});

const EntrySpec = z.object({
  kernel: label,
  state: z.enum(['played', 'skipped', 'missing']).meta({
    description: 'missing: the boot that was to play it failed, or was not played; reason says which',
  }),
  outcome,
  expected: outcome.nullable(),
  decidedBy: z.string().nullable(),
  verdict,
  reason: z.string().nullable(),
  runs: count,
  triggerMs: SpreadSpec.nullable(),
  stallMs: SpreadSpec.nullable(),
  boot: z.string().nullable(),
  evidence: z.string().nullable().meta({
    description:
      'The run.json and in it, as a JSON pointer, the cell, the last of several; relative to matrix.json',
  }),
});

const RowSpec = CellIdSpec.extend({
  kernels: z.array(EntrySpec).meta({ description: 'One for each kernel, in their order' }),
  changes: z
    .array(z.object({ from: label, before: outcome, to: label, after: outcome }))
    .meta({ description: 'From kernel to kernel, over those whose outcome is not known' }),
});

const DoseSpec = z.object({
  kernel: label,
  scenario: z.string(),
  trigger: z.string(),
  transport: z.string(),
  slope: z.number().nullable(),
  verdict: z.enum(['pass', 'fail', 'unknown']),
  reason: z.string(),
});

export const MatrixJsonSpec = z.object({
  version: z.literal(MATRIX_JSON_VERSION),
  stuckfs: z.string(),
  plan: z.string().meta({ description: 'Id of what was to be played: the same for all shards' }),
  shards: z
    .array(z.string())
    .meta({ description: 'I/N of the shards that it is made of; empty for a whole' }),
  verdict: verdict.meta({ description: 'The worst of all rows, boots and doses' }),
  kernels: z.array(KernelSpec),
  boots: z.array(BootSpec),
  rows: z.array(RowSpec).meta({ description: 'Scenario x trigger x transport x arm' }),
  doseResponses: z.array(DoseSpec).meta({ description: "The stall as a function of the server's delay" }),
});

export type MatrixJson = z.output<typeof MatrixJsonSpec>;
export type MatrixRow = MatrixJson['rows'][number];
export type MatrixEntry = MatrixRow['kernels'][number];
export type MatrixBoot = MatrixJson['boots'][number];
