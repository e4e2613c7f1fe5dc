/**
 * A run from the user's words to the report: everything is checked before anything is changed, the machine is put
 * back whatever happens, and only then is it judged.
 */
import { resolve } from 'node:path';
import { UsageError } from '../base/errors.js';
import { packageVersion } from '../base/version.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { resolveOutsideMounts } from '../kernel/path-resolution.js';
import { requirements } from '../kernel/requirements/all.js';
import { checkRequirements, isMissing } from '../kernel/requirements/requirement.js';
import { detectVirtualization } from '../kernel/virtualization.js';
import { RunDirectory } from '../record/run-directory.js';
import type { RunJson } from '../report/run-json.js';
import { renderTerminal } from '../report/terminal.js';
import { exitStatusOf } from '../report/verdict.js';
import { reportRun } from '../report/write.js';
import { CleanupStack, cleanUpOnExit } from '../safety/cleanup-stack.js';
import { findTrigger, triggers } from '../trigger/registry.js';
import type { Trigger } from '../trigger/trigger.js';
import { Progress } from './progress.js';
import { findScenario, scenarios } from './registry.js';
import { type CellPlan, checkMemory, type RunPlan, runCells } from './runner.js';
import { type Scenario, type TransportName, transportNames } from './scenario.js';

export interface RunWords {
  readonly scenarios: readonly string[];
  readonly triggers: readonly string[];
  /** Empty: those of each scenario. */
  readonly transports: readonly string[];
  readonly on: string;
  readonly stuckBytes: number;
  readonly holdMs: number;
  readonly seed: number;
  readonly out: string;
  /** Triggers that can take memory of this kernel for good may run on it. */
  readonly disposable: boolean;
  readonly progress: (line: string) => void;
}

export interface RunResult {
  readonly verdict: RunJson;
  readonly exitStatus: number;
  readonly terminal: string;
}

/** @throws {UsageError} for words that are wrong, and for what this machine lacks */
export async function runScenarios(words: RunWords): Promise<RunResult> {
  const cells = await cellsOf(words);
  const { on, because } = whereToRun(words.on);
  await checkMachine();
  checkMemory(words.stuckBytes);
  const run = RunDirectory.create(safePath(words.out));
  const progress = new Progress(words.progress);
  progress.step(`on ${on}: ${because}; run directory ${run.path}`);
  const plan: RunPlan = {
    cells,
    stuckBytes: words.stuckBytes,
    holdMs: words.holdMs,
    seed: words.seed,
    stuckfs: packageVersion(),
    on,
    onBecause: because,
  };
  await playAndPutBack(plan, run, progress);
  const verdict = reportRun(run);
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

async function cellsOf({
  scenarios: ids,
  triggers: triggerIds,
  transports,
  disposable,
}: RunWords): Promise<readonly CellPlan[]> {
  const asked = transports.map((name) => {
    const known = transportNames.find((one) => one === name);
    if (known === undefined)
      throw notKnown(
        '--transport',
        name,
        transportNames.map((id) => ({ id })),
      );
    return known;
  });
  const cells: CellPlan[] = [];
  for (const id of new Set(ids)) {
    const scenario = findScenario(id);
    if (scenario === undefined) throw notKnown('scenario', id, scenarios);
    for (const triggerId of new Set(triggerIds)) {
      const trigger = findTrigger(triggerId);
      if (trigger === undefined) throw notKnown('--trigger', triggerId, triggers);
      for (const transport of new Set(asked.length > 0 ? asked : scenario.transports))
        cells.push({
          scenario,
          trigger,
          transport,
          lacking: lackingForTrigger(trigger, disposable) ?? (await lackingFor(scenario, transport)),
        });
    }
  }
  return cells;
}

function lackingForTrigger(trigger: Trigger, disposable: boolean): string | undefined {
  const missing = trigger.missing();
  if (missing !== undefined) return `trigger ${trigger.id} ${missing}`;
  if (!trigger.harmsHost || disposable) return undefined;
  return (
    `trigger ${trigger.id} can take memory of this kernel for good: run it in a VM, or give ` +
    '--i-know-this-host-is-disposable'
  );
}

/** Why this machine, or this transport, cannot play it; a reason to skip, not an error. */
async function lackingFor(scenario: Scenario, transport: TransportName): Promise<string | undefined> {
  if (!scenario.transports.includes(transport)) return `${transport} lacks what it needs: ${scenario.needs}`;
  const needed = [...(transport === 'libfuse' ? ['libfuse'] : []), ...(scenario.requires ?? [])];
  const rows = await checkRequirements(
    requirements.filter(({ neededFor }) => neededFor.some((one) => needed.includes(one))),
  );
  const missing = rows.find(isMissing);
  return missing === undefined
    ? undefined
    : `${missing.requirement}: ${missing.found}${missing.remedy === undefined ? '' : ` (${missing.remedy})`}`;
}

function notKnown(field: string, value: string, known: readonly { readonly id: string }[]): UsageError {
  return new UsageError(field, value, `is not known; give one of ${known.map(({ id }) => id).join(', ')}`);
}

/** Throws for the first thing that this machine lacks; `stuckfs doctor` shows all. */
async function checkMachine(): Promise<void> {
  const rows = await checkRequirements(requirements.filter(({ neededFor }) => neededFor.includes('compact')));
  const missing = rows.find(isMissing);
  if (missing !== undefined) {
    throw new UsageError(missing.requirement, missing.found, missing.remedy ?? 'see stuckfs doctor');
  }
}

/** `auto` takes this kernel only when it is disposable; it is always said which was taken, and why. */
function whereToRun(on: string): { on: string; because: string } {
  if (on === 'host') return { on, because: 'as --on says' };
  if (on !== 'auto') throw new UsageError('--on', on, 'give host or auto (vm comes with the VM runner)');
  const { guest, container, evidence } = detectVirtualization();
  if (!guest && !container) {
    throw new UsageError(
      '--on',
      on,
      'this machine is not disposable (neither VM guest nor container): give --on host',
    );
  }
  return { on: 'host', because: `it is disposable: ${evidence[0] ?? ''}` };
}

/** A run directory on a wedged mount would hang us. */
function safePath(out: string): string {
  const resolution = resolveOutsideMounts(out, readMountinfo(), (entry) => entry.fsType.startsWith('fuse'));
  if (resolution.kind === 'forbidden') {
    throw new UsageError(
      '--out',
      out,
      `lies on the FUSE mount ${resolution.mount.mountPoint}: name another place`,
    );
  }
  // What is not there yet is made; whatever else is wrong, making it will say.
  return resolution.kind === 'resolved' ? resolution.path : resolve(out);
}
