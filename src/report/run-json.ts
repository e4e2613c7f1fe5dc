/**
 * `run.json`: the shape that is published (schemas/run.schema.json is made from it) and its reading.
 * Numbers that may not fit a double are decimal strings.
 */
import * as z from 'zod';
import { UsageError } from '../base/errors.js';
import { EvidenceSpec } from './evidence-spec.js';

/** Raised when a reader of the old form would misread the new one. */
export const RUN_JSON_VERSION = 1;

const count = z.int().min(0);

/** What tells the arms of a run apart. */
export const CellIdSpec = z.object({
  scenario: z.string(),
  trigger: z.string(),
  transport: z.string().meta({ description: 'How requests were moved: dev-fuse or libfuse' }),
  mitigation: z.string(),
  arm: z.enum(['control', 'fault']).nullable().meta({ description: 'null for a cell that was skipped' }),
  variant: z.string().nullable().meta({ description: 'Tells arms of one kind apart' }),
});

const CellSpec = CellIdSpec.extend({
  repeat: z.int().min(1).default(1).meta({ description: 'Which time the cell was played in this run' }),
  skippedArm: z
    .enum(['control', 'fault'])
    .nullable()
    .default(null)
    .meta({ description: 'Of a cell of which one arm only was skipped' }),
  outcome: z.enum(['migrated', 'stalled', 'failed', 'not-attempted', 'unknown']),
  expected: z.enum(['migrated', 'stalled', 'failed', 'not-attempted', 'unknown']).nullable(),
  decidedBy: z.string().nullable().meta({ description: 'Kernel function that decides the expected outcome' }),
  verdict: z.enum(['pass', 'fail', 'skip', 'unknown']),
  reason: z.string().optional(),
  attempts: count.meta({
    description: 'The last of so many: earlier ones were inconclusive; 0 where none was played',
  }),
  earlier: z
    .array(
      z.object({
        attempt: count,
        outcome: z.enum(['migrated', 'stalled', 'failed', 'not-attempted', 'unknown']),
        inconclusive: z.boolean().meta({ description: 'The experiment did not take place' }),
        reason: z.string(),
      }),
    )
    .default([])
    .meta({ description: 'What came of the attempts before the last' }),
  evidence: EvidenceSpec,
});

const ms = z.number().nullable();

const DoseResponseSpec = z.object({
  scenario: z.string(),
  trigger: z.string(),
  transport: z.string(),
  points: z.array(z.object({ delayMs: z.number().min(0), stallMs: ms, offLineMs: ms })),
  slope: z.number().nullable().meta({ description: 'Of the least-squares line; 1 is expected' }),
  interceptMs: ms,
  residualMs: ms.meta({ description: 'Root mean square of what lies off the line' }),
  verdict: z.enum(['pass', 'fail', 'unknown']),
  reason: z.string(),
});

export const SpreadSpec = z.object({ min: z.number(), median: z.number(), max: z.number() });

const RepeatsSpec = CellIdSpec.extend({
  runs: count,
  skipped: count.default(0).meta({ description: 'How often it was skipped, besides' }),
  outcomes: z.record(z.string(), count).meta({ description: 'How often which outcome came' }),
  verdicts: z.record(z.string(), count),
  flapping: z.boolean().meta({ description: 'More than one outcome' }),
  triggerMs: SpreadSpec.nullable(),
  stallMs: SpreadSpec.nullable(),
});

export const RunJsonSpec = z.object({
  version: z.literal(RUN_JSON_VERSION),
  stuckfs: z.string(),
  kernel: z.string(),
  on: z.string().meta({ description: 'host or vm' }),
  seed: count,
  verdict: z.enum(['pass', 'fail', 'skip', 'unknown']),
  cells: z.array(CellSpec),
  doseResponses: z
    .array(DoseResponseSpec)
    .meta({ description: "The stall as a function of the server's delay, for each cell that has delays" }),
  repeats: z
    .array(RepeatsSpec)
    .default([])
    .meta({ description: 'Of each arm that was played several times: what came of it, and the spread' }),
  features: z.record(z.string(), z.boolean().nullable()).default({}).meta({
    description:
      'What the run saw of its kernel, on which expectations depend; null where it could not see it',
  }),
  damage: z
    .array(z.string())
    .default([])
    .meta({ description: 'What of the run directory is broken, missing or of no known form' }),
});

export type RunJson = z.output<typeof RunJsonSpec>;
export type DoseResponse = z.output<typeof DoseResponseSpec>;
export type CellId = z.output<typeof CellIdSpec>;
export type Cell = z.output<typeof CellSpec>;
export type Repeats = z.output<typeof RepeatsSpec>;
export type Spread = z.output<typeof SpreadSpec>;
export type Verdict = Cell['verdict'];

/**
 * Reads the text of a run.json.
 * @throws {UsageError} when it is no JSON, of a newer version, or not of this shape
 */
export function parseRunJson(text: string, path: string): RunJson {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageError('run.json', path, `is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const version = (json as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > RUN_JSON_VERSION) {
    throw new UsageError(
      'run.json version',
      version,
      `${path} was written by a newer stuckfs; this one reads up to version ${RUN_JSON_VERSION}: update it`,
    );
  }
  const parsed = RunJsonSpec.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UsageError(
      'run.json',
      path,
      `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not of its shape'}`,
    );
  }
  return parsed.data;
}
