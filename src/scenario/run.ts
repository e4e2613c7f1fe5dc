/**
 * A run from the user's words to the report: everything is checked before anything is changed, the machine is put
 * back whatever happens, and only then is it judged.
 */
import { UsageError } from '../base/errors.js';
import { packageVersion } from '../base/version.js';
import { requirements } from '../kernel/requirements/all.js';
import { checkRequirements, isMissing } from '../kernel/requirements/requirement.js';
import { RunDirectory } from '../record/run-directory.js';
import type { RunJson } from '../report/run-json.js';
import { renderTerminal } from '../report/terminal.js';
import { exitStatusOf } from '../report/verdict.js';
import { reportRun } from '../report/write.js';
import { CleanupStack, cleanUpOnExit } from '../safety/cleanup-stack.js';
import { triggers } from '../trigger/registry.js';
import { type CellWords, wantedCells } from './cells.js';
import { lackingFor } from './lacking.js';
import { outPath } from './out-path.js';
import { Progress } from './progress.js';
import { scenarios } from './registry.js';
import { type CellPlan, checkMemory, type RunPlan, runCells } from './runner.js';
import { recordedOn } from './where-to-run.js';

export interface RunWords extends CellWords {
  /** How often each cell is played. */
  readonly repeat: number;
  /** Triggers that can take memory or service from this machine for good may be pulled. */
  readonly disposable: boolean;
  /** Why it is this kernel. */
  readonly because: string;
  readonly stuckBytes: number;
  readonly holdMs: number;
  readonly seed: number;
  readonly out: string;
  /** `verdict`: only run.json, where the others take too long. */
  readonly reports: 'all' | 'verdict';
  readonly progress: (line: string) => void;
}

export interface RunResult {
  readonly verdict: RunJson;
  readonly exitStatus: number;
  readonly terminal: string;
}

/** @throws {UsageError} for words that are wrong, and for what this machine lacks */
export async function runScenarios(words: RunWords): Promise<RunResult> {
  const { cells: wanted, absent } = wantedCells(words, { scenarios, triggers });
  await checkMachine();
  const cells: CellPlan[] = [];
  for (const cell of wanted) cells.push({ ...cell, lacking: await lackingFor(cell, words.disposable) });
  checkMemory(words.stuckBytes, cells);
  const run = RunDirectory.create(outPath(words.out));
  const progress = new Progress(words.progress);
  const on = recordedOn();
  progress.step(`on ${on}: ${words.because}; run directory ${run.path}`);
  // Whoever started a guest has said so before.
  if (on === 'host') for (const line of absent) progress.step(`not run: ${line}`);
  const plan: RunPlan = {
    cells: repeated(cells, words.repeat),
    stuckBytes: words.stuckBytes,
    holdMs: words.holdMs,
    seed: words.seed,
    stuckfs: packageVersion(),
    on,
    onBecause: words.because,
  };
  await playAndPutBack(plan, run, progress);
  const verdict = await reportRun(run, words.reports);
  return { verdict, exitStatus: exitStatusOf[verdict.verdict], terminal: renderTerminal(verdict) };
}

async function playAndPutBack(plan: RunPlan, run: RunDirectory, progress: Progress): Promise<void> {
  const interrupted = new AbortController();
  const cleanup = new CleanupStack();
  const forget = cleanUpOnExit(cleanup, (cause, failures) => {
    interrupted.abort();
    if (failures !== undefined)
      progress.step(`cleanup failed: ${failures.map(({ name }) => name).join(', ')}`);
    else
      progress.step(
        cause.kind === 'signal' ? `${cause.signal}: cleaning up` : `error: ${String(cause.error)}`,
      );
  });
  try {
    await runCells(plan, run, progress, cleanup, interrupted.signal);
  } finally {
    // A signal has its own way out, which ends the process once the same stack has run.
    if (interrupted.signal.aborted) await new Promise(() => {});
    try {
      await cleanup[Symbol.asyncDispose]();
    } finally {
      forget();
    }
  }
}

/** All of them, then all of them again: what changes with time is met by every cell. */
function repeated(cells: readonly CellPlan[], times: number): readonly CellPlan[] {
  return Array.from({ length: times }, (_, index) =>
    cells.map((cell) => ({ ...cell, repeat: index + 1 })),
  ).flat();
}

/** Throws for the first thing that this machine lacks; `stuckfs doctor` shows all. */
async function checkMachine(): Promise<void> {
  const rows = await checkRequirements(requirements.filter(({ neededFor }) => neededFor.includes('compact')));
  const missing = rows.find(isMissing);
  if (missing !== undefined) {
    const remedy = missing.remedy ?? 'see stuckfs doctor';
    const instead = recordedOn() === 'vm' ? '' : '; or give --on vm: a kernel in a VM, without root';
    throw new UsageError(missing.requirement, missing.found, `${remedy}${instead}`);
  }
}
