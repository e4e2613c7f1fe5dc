/**
 * `stuckfs matrix` from the user's words to the table: everything is checked and made ready before anything boots, and
 * the directory has all that a later --resume needs from then on.
 */
import { existsSync } from 'node:fs';
import { UsageError } from '../base/errors.js';
import { packageVersion } from '../base/version.js';
import { readMeminfo } from '../kernel/meminfo.js';
import { exitStatusOf } from '../report/verdict.js';
import { type CellWords, wantedCells } from '../scenario/cells.js';
import { outPath } from '../scenario/out-path.js';
import { scenarios } from '../scenario/registry.js';
import { triggers } from '../trigger/registry.js';
import { gatherMatrix } from './gather.js';
import { MatrixDirectory } from './matrix-directory.js';
import type { MatrixJson } from './matrix-json.js';
import type { MatrixPlan, Shard } from './matrix-plan.js';
import { planMatrix } from './plan.js';
import { type MatrixPlay, playMatrix } from './play.js';
import {
  type KernelOptions,
  nameKernels,
  prepareAgain,
  prepareKernels,
  type ReadyKernel,
} from './prepare-kernels.js';
import { renderMatrix } from './render-matrix.js';
import { tryOut } from './try-out.js';

export interface NewMatrix {
  readonly kernels: readonly string[];
  readonly modules: string | undefined;
  readonly cells: CellWords;
  readonly played: MatrixPlan['played'];
  readonly shard: Shard | null;
  readonly out: string;
}

export interface MatrixOptions extends KernelOptions {
  readonly jobs: number;
  /** Then what has not ended is left for --resume. */
  readonly timeLimitMs: number | undefined;
  /** What boots; a test has its own. */
  readonly boot?: NonNullable<MatrixPlay['boot']>;
}

export interface MatrixEnd {
  readonly matrix: MatrixJson;
  readonly exitStatus: number;
  readonly terminal: string;
}

/** Left for the rest of the machine. */
const reserveMiB = 512;

/** @throws {UsageError}; what keeps a guest from being made ready; the signal's reason */
export async function newMatrix(asked: NewMatrix, options: MatrixOptions): Promise<MatrixEnd> {
  const { cells, absent } = wantedCells(asked.cells, { scenarios, triggers });
  const out = outPath(asked.out);
  if (existsSync(out))
    throw new UsageError('--out', out, 'exists already: name a directory that does not, or give --resume');
  tryOut(out);
  const named = nameKernels(asked.kernels, asked.modules);
  for (const line of absent) options.progress(`not run: ${line}`);
  const ready = await prepareKernels(named, options);
  const kernels = ready.map(({ planned }) => planned);
  const { played, shard } = asked;
  const plan = planMatrix({ stuckfs: packageVersion(), played, kernels, cells, shard });
  return playAndTell(MatrixDirectory.create(out, plan), ready, options);
}

/** @throws the same; {UsageError} also for a matrix of another stuckfs, or kernels that are not what they were */
export async function resumeMatrix(path: string, options: MatrixOptions): Promise<MatrixEnd> {
  const directory = MatrixDirectory.open('--resume', outPath(path));
  const { plan } = directory;
  if (plan.stuckfs !== packageVersion())
    throw new UsageError(
      '--resume',
      path,
      `was begun by stuckfs ${plan.stuckfs}, and this is ${packageVersion()}`,
    );
  // Before kernels are looked for, which may take a while.
  directory.lock()();
  return playAndTell(directory, await prepareAgain(plan, options), options);
}

class TimeIsUp extends Error {}

/** @throws the signal's reason */
export async function playAndTell(
  directory: MatrixDirectory,
  ready: readonly ReadyKernel[],
  options: MatrixOptions,
): Promise<MatrixEnd> {
  const { progress, signal, jobs, timeLimitMs, boot } = options;
  for (const { planned, prepared } of ready)
    progress(`${planned.label}: ${planned.release}; ${prepared.accel.accel}: ${prepared.accel.because}`);
  const unlock = directory.lock();
  const limit = new AbortController();
  const timer =
    timeLimitMs === undefined ? undefined : setTimeout(() => limit.abort(new TimeIsUp()), timeLimitMs);
  try {
    progress(`directory ${directory.path}`);
    await playMatrix({
      matrix: directory,
      prepared: new Map(ready.map(({ planned, prepared }) => [planned.label, prepared])),
      jobs,
      memoryMiB: availableMiB() - reserveMiB,
      signal: AbortSignal.any([signal, limit.signal]),
      progress,
      ...(boot === undefined ? {} : { boot }),
    });
  } catch (error) {
    if (!(error instanceof TimeIsUp)) {
      progress(`what has ended is kept; go on with: stuckfs matrix --resume ${directory.path}`);
      throw error;
    }
    progress(`the time limit has passed; go on with: stuckfs matrix --resume ${directory.path}`);
  } finally {
    clearTimeout(timer);
    unlock();
  }
  return tell(directory);
}

/** Makes the table of a directory and writes it there. A shard answers for what it was to play, and not for the others. */
export function tell(directory: MatrixDirectory): MatrixEnd {
  const matrix = gatherMatrix([directory], directory.path, 'own');
  const terminal = renderMatrix(matrix);
  directory.write('matrix.json', `${JSON.stringify(matrix, undefined, 2)}\n`);
  directory.write('matrix.txt', terminal);
  return { matrix, exitStatus: exitStatusOf[matrix.verdict], terminal };
}

function availableMiB(): number {
  return (readMeminfo().get('MemAvailable') ?? 0) / 1024;
}
