/** Reads what became of each boot from the directories of a matrix, one for each shard, and has it merged. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { UsageError } from '../base/errors.js';
import { RunDirectory } from '../record/run-directory.js';
import type { RunJson } from '../report/run-json.js';
import { exitStatusOf, worst } from '../report/verdict.js';
import { readReport } from '../report/write.js';
import type { BootState, MatrixDirectory } from './matrix-directory.js';
import type { MatrixJson } from './matrix-json.js';
import type { PlannedKernel } from './matrix-plan.js';
import { type BootResult, type Judged, mergeMatrix } from './merge.js';
import { bootsOfPlan } from './plan.js';
import { shardName } from './shard.js';

/** A table is made of one plan. */
export type Matrices = readonly [MatrixDirectory, ...MatrixDirectory[]];

/**
 * @param base what the places of evidence are relative to
 * @param judged what the verdict is of
 * @throws {UsageError} for directories that are not shards of one matrix
 */
export function gatherMatrix(matrices: Matrices, base: string, judged: Judged = 'all'): MatrixJson {
  const [{ plan }] = matrices;
  refuseStrangers(matrices);
  const results = bootsOfPlan(plan).flatMap(({ kernel, boot }, place) => {
    const owner = matrices.find((one) => bootsOfPlan(one.plan)[place]?.isOurs);
    if (owner === undefined) return [absent(kernel, boot)];
    return owner.statesOf(kernel, boot).map((state) => resultOf(state, owner, base));
  });
  const shards = matrices.flatMap(({ plan: { shard } }) =>
    shard === null ? [] : [`${shard.index}/${shard.of}`],
  );
  return mergeMatrix(plan, results, shards.sort(), judged);
}

function absent(kernel: PlannedKernel, boot: BootResult['boot']): BootResult {
  return {
    kernel,
    boot,
    end: undefined,
    report: undefined,
    directory: undefined,
    missing: 'is of a shard that is not here',
    isElsewhere: true,
  };
}

function resultOf({ kernel, boot, end }: BootState, matrix: MatrixDirectory, base: string): BootResult {
  const path = matrix.runDirectory(kernel, boot);
  const found = { kernel, boot, end, directory: undefined, report: undefined, missing: undefined };
  if (end === undefined)
    return { ...found, missing: `its boot was not played to the end: go on with --resume ${matrix.path}` };
  if (end.end.kind === 'failed') return found;
  if (!existsSync(join(path, 'events.jsonl')))
    return { ...found, missing: `its boot has ended, and its run directory ${path} is gone` };
  const directory = relative(base, path);
  try {
    const report = readReport(RunDirectory.open(path));
    const { exitStatus, again } = end.end;
    return { ...found, directory, report: again.length > 0 ? report : damagedBy(report, exitStatus) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { ...found, directory, missing: `its run directory cannot be read: ${error.message}` };
  }
}

/** What the record does not say: the run in the guest came to another end than what is judged from it here. */
export function contradiction(judged: RunJson, exitStatus: number): string[] {
  if (exitStatus === exitStatusOf[judged.verdict]) return [];
  return [`the run in the guest ended with status ${exitStatus}, and its record is judged ${judged.verdict}`];
}

function damagedBy(report: RunJson, exitStatus: number): RunJson {
  const damage = contradiction(report, exitStatus);
  if (damage.length === 0) return report;
  return { ...report, damage: [...report.damage, ...damage], verdict: worst([report.verdict, 'unknown']) };
}

/** @throws {UsageError} */
function refuseStrangers(matrices: Matrices): void {
  const [first, ...others] = matrices;
  const refuse = (one: MatrixDirectory, why: string) => {
    throw new UsageError('directory', one.path, why);
  };
  for (const one of others) {
    if (one.plan.id !== first.plan.id)
      refuse(one, `is not of the same matrix as ${first.path}: other kernels, cells, options or stuckfs`);
    if (one.plan.shard?.of !== first.plan.shard?.of)
      refuse(one, `is ${shardName(one.plan.shard)}, and ${first.path} is ${shardName(first.plan.shard)}`);
    for (const [at, kernel] of one.plan.kernels.entries()) {
      const ours = first.plan.kernels[at];
      if (ours?.imageSha256 !== kernel.imageSha256)
        refuse(
          one,
          `played ${kernel.name} with ${kernel.release}, and ${first.path} with ${ours?.release}: another image`,
        );
    }
  }
  for (const [at, one] of matrices.entries()) {
    const twin = matrices.slice(0, at).find(({ plan }) => plan.shard?.index === one.plan.shard?.index);
    if (twin !== undefined) refuse(one, `is ${shardName(one.plan.shard)}, and so is ${twin.path}`);
  }
}
