/**
 * matrix-plan.json: what a matrix is to play, written before anything boots, so that a matrix that was broken off can go
 * on, and its shards can be put together.  Only the shape and its reading; what it holds is made in plan.ts.
 */
import * as z from 'zod';
import { UsageError } from '../base/errors.js';
import { CellIdSpec } from '../report/run-json.js';

export const MATRIX_PLAN_VERSION = 1;

const count = z.int().min(0);

const ShapeSpec = z.object({
  memoryMiB: count,
  cpus: count,
  numaNodes: z.union([z.literal(1), z.literal(2)]),
  dimmMiB: count.exactOptional(),
  hotplugDimmMiB: count.exactOptional(),
  virtioMemMiB: count.exactOptional(),
  hugetlbCmaMiB: count.exactOptional(),
  cmaMiB: count.exactOptional(),
});

/** A name becomes a part of a path, and the file may have been edited. */
const directoryName = z.string().regex(/^[\w+-][\w.+-]*$/, 'is no name of a directory');

export const CellsSpec = z.array(z.object({ scenario: z.string(), trigger: z.string() })).min(1);

const BootSpec = z.object({
  name: directoryName,
  shape: ShapeSpec,
  cells: CellsSpec,
});

export const KernelSourceSpec = z.union([
  z.object({
    kind: z.literal('debian'),
    suite: z.string(),
    packages: z.array(z.object({ name: z.string(), version: z.string(), sha256: z.string() })),
  }),
  z.object({ kind: z.literal('path') }),
  z.object({ kind: z.literal('deb'), file: z.string() }),
]);

const KernelSpec = z.object({
  label: directoryName.meta({ description: 'Its directory, and the head of its column' }),
  name: z.string().meta({ description: 'As it was asked for' }),
  modules: z.string().nullable().meta({ description: 'What --modules named for it' }),
  release: z.string(),
  imageSha256: z.string(),
  source: KernelSourceSpec,
});

const PlayedSpec = z.object({
  all: z.boolean(),
  transports: z.array(z.string()),
  mitigations: z.array(z.string()),
  repeat: z.int().min(1),
  stuckBytes: count,
  holdMs: count,
  seed: count,
});

export const MatrixPlanSpec = z.object({
  version: z.literal(MATRIX_PLAN_VERSION),
  stuckfs: z.string(),
  id: z.string().meta({ description: 'Of what is to be played: the same for all shards' }),
  played: PlayedSpec,
  kernels: z.array(KernelSpec).min(1),
  boots: z.array(BootSpec).min(1).meta({ description: 'Of each kernel' }),
  arms: z.array(CellIdSpec),
  shard: z.object({ index: z.int().min(1), of: z.int().min(1) }).nullable(),
});

export type MatrixPlan = z.output<typeof MatrixPlanSpec>;
export type PlannedKernel = MatrixPlan['kernels'][number];
export type PlannedBoot = MatrixPlan['boots'][number];
export type PlannedCell = PlannedBoot['cells'][number];
export type PlannedArm = MatrixPlan['arms'][number];
export type Shard = NonNullable<MatrixPlan['shard']>;

/** @throws {UsageError} when it is no plan, or of another version */
export function parseMatrixPlan(text: string, path: string): MatrixPlan {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageError('matrix-plan.json', path, `is not JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const version = (json as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > MATRIX_PLAN_VERSION)
    throw new UsageError('matrix-plan.json', path, `is of version ${version}: a newer stuckfs wrote it`);
  const { data, error } = MatrixPlanSpec.safeParse(json);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  const where = issue?.path.join('.') || 'the whole';
  throw new UsageError('matrix-plan.json', path, `is not of its shape: ${where}: ${issue?.message}`);
}
