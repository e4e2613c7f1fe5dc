/**
 * Runs cells on this kernel: for each arm a daemon, its children, the trace; and whatever happens, the machine
 * is put back.  The verdict is made afterwards, from the run directory alone.
 */

import { UsageError } from '../base/errors.js';
import { PAGE_BYTES } from '../base/page-size.js';
import type { PlannedCell } from '../record/arm-design.js';
import type { RunDirectory } from '../record/run-directory.js';
import { judgeLastArm } from '../report/write.js';
import { cleanUp } from '../safety/cleanup.js';
import { CleanupError, type CleanupStack } from '../safety/cleanup-stack.js';
import { type RunGuard, startRunGuard } from '../safety/run-guard.js';
import { StateDirectory } from '../safety/state-directory.js';
import { delayMsOf } from './arm-server.js';
import type { WantedCell } from './cells.js';
import { Child } from './child.js';
import { Crew } from './crew.js';
import { describeEnvironment } from './environment.js';
import { lackingForFolios } from './folio-memory.js';
import { lackingForArm } from './lacking.js';
import { RunMachine } from './machine.js';
import { availableBytes, generousBallastPages, lruPagesOfLargestZone, peakBytes } from './memory-need.js';
import { playArm } from './play-arm.js';
import type { Progress } from './progress.js';
import { keepsBdiLimits, mitigationOf } from './relief.js';
import { type ArmDesign, armName } from './scenario.js';
import { ServerKeeper } from './server-keeper.js';
import { enoughToBeThrottled } from './throttled-set.js';

export interface CellPlan extends WantedCell {
  /** Counted from 1; absent where each cell is played once. */
  readonly repeat?: number;
  /** What this machine lacks for it: then it is not played, and the run says so. */
  readonly lacking: string | undefined;
}

export interface RunPlan {
  readonly cells: readonly CellPlan[];
  readonly stuckBytes: number;
  readonly holdMs: number;
  readonly seed: number;
  readonly stuckfs: string;
  /** `host` or `vm`, and why. */
  readonly on: string;
  readonly onBecause: string;
}

/** The set beside the stuck one need not grow with it: it only shows that the scanner came by. */
const MAX_CONTROL_BYTES = 256 << 20;
/** An NFS client begins no more writeback at nfs_congestion_kb, of which it has at least so much (fs/nfs/write.c). */
const MOST_NFS_BYTES = 8 << 20;
/** Well before its mount gives up (src/nfs/soft-mount.ts), and the data is lost. */
const MOST_NFS_HOLD_MS = 300_000;
const STOP_MS = 5000;
/** An arm whose folios the scanner did not reach says nothing, and is played again: so often at the most. */
const MOST_ATTEMPTS = 5;

/** @throws {UsageError} when the machine has too little memory for `--stuck` */
export function checkMemory(stuckBytes: number, cells: readonly CellPlan[]): void {
  const isScarce = cells.some(({ trigger }) => trigger.allocatesHugePages === true);
  const needed = peakBytes(stuckBytes, controlBytesFor(stuckBytes), isScarce);
  const available = availableBytes();
  if (needed > available * 0.9) {
    const mib = (bytes: number) => `${Math.ceil(bytes / (1 << 20))} MiB`;
    throw new UsageError(
      '--stuck',
      stuckBytes,
      `takes ${mib(needed)} at its peak, and ${mib(available)} are available: ask for less`,
    );
  }
}

/** Whole folios. */
function bytesFor({ folios, nfs }: ArmDesign, stuckBytes: number): number {
  if (nfs === true) return stuckBytesOfNfs(stuckBytes);
  if (folios === undefined) return stuckBytes;
  const folioBytes = PAGE_BYTES << folios.order;
  return Math.ceil(stuckBytes / folioBytes) * folioBytes;
}

function stuckBytesOfNfs(stuckBytes: number): number {
  return Math.min(stuckBytes, MOST_NFS_BYTES);
}

function holdMsFor({ nfs }: ArmDesign, holdMs: number): number {
  return nfs === true ? Math.min(holdMs, MOST_NFS_HOLD_MS) : holdMs;
}

function controlBytesFor(stuckBytes: number): number {
  return Math.min(stuckBytes, MAX_CONTROL_BYTES);
}

/**
 * Runs all arms of all cells.
 * @param cleanup what is undone at the end, or when a signal comes; the caller runs it
 */
export async function runCells(
  plan: RunPlan,
  run: RunDirectory,
  progress: Progress,
  cleanup: CleanupStack,
  signal: AbortSignal,
): Promise<void> {
  const state = StateDirectory.create('run', 'runner');
  let guard: RunGuard | undefined;
  cleanup.defer('the guard', () => guard?.dismiss());
  cleanup.defer('the run', () => putBack(state));
  guard = await startRunGuard(state);
  const machine = new RunMachine(state);
  run.append({ event: 'run-started', version: 1, seed: plan.seed, on: plan.on, planned: planned(plan) });
  run.write(
    'environment.json',
    `${JSON.stringify(
      describeEnvironment({ stuckfs: plan.stuckfs, on: plan.on, onBecause: plan.onBecause, seed: plan.seed }),
      null,
      2,
    )}\n`,
  );
  const spawnBallast = () => Child.spawn('ballast', '../placement/ballast-main.js', state);
  let ballast = await spawnBallast();
  machine.dropPageCache(run.path);
  const lruPages = lruPagesOfLargestZone();
  const ballastPages = generousBallastPages();
  const crew = new Crew(state);
  const keeper = new ServerKeeper((news) => progress.step(news));
  const mostDelayMs = Math.max(0, ...plan.cells.flatMap(({ arms }) => arms.map(delayMsOf)));
  const stage = {
    run,
    progress,
    cleanup,
    signal,
    state,
    machine,
    crew,
    keeper,
    ballastPages,
    lruPages,
    mostDelayMs,
  };
  let index = 0;
  for (const [cell, planned] of plan.cells.entries()) {
    const { scenario, trigger, transport, arms, repeat = 1, lacking } = planned;
    const again = repeat === 1 ? '' : `, time ${repeat}`;
    const name = `${scenario.id} x ${trigger.id}${transport === 'dev-fuse' ? '' : ` on ${transport}`}${again}`;
    if (lacking !== undefined) {
      progress.step(`${name}: skipped: ${lacking}`);
      const ids = { scenario: scenario.id, trigger: trigger.id, transport };
      run.append({ event: 'cell-skipped', cell, ...ids, reason: lacking });
      continue;
    }
    for (const design of arms) {
      const isLimited = keepsBdiLimits(design);
      const stuckBytes = isLimited ? enoughToBeThrottled(plan.stuckBytes) : plan.stuckBytes;
      const sizes = {
        stuckBytes: bytesFor(design, stuckBytes),
        controlBytes: controlBytesFor(design.nfs === true ? stuckBytesOfNfs(stuckBytes) : plan.stuckBytes),
      };
      const skip = (reason: string) => {
        progress.step(`${name}: ${armName(design)} arm: skipped: ${reason}`);
        const ids = { scenario: scenario.id, trigger: trigger.id, transport };
        const { variant, mitigation } = design;
        const only = {
          ...(variant === undefined ? {} : { variant }),
          ...(mitigation === undefined ? {} : { mitigation }),
        };
        run.append({ event: 'cell-skipped', cell, ...only, ...ids, reason });
      };
      if (ballast.isDoomed()) ballast = await spawnBallast();
      // Servers that are kept, and the page cache of others, count as used.
      if (design.folios !== undefined) {
        await keeper.end();
        machine.dropPageCache(run.path);
      }
      const reason =
        lackingForArm(design, run.path) ??
        mitigationOf(design)?.missing() ??
        (await lackingForFolios(design.folios, sizes, ballast, state.path));
      if (reason !== undefined) {
        skip(reason);
        continue;
      }
      for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
        if (!guard.isRunning()) {
          progress.step('the guard of the run was killed; here is another one');
          guard = await startRunGuard(state);
        }
        progress.step(`${name}: ${armName(design)} arm${attempt === 1 ? '' : `, attempt ${attempt}`}`);
        const { seed } = plan;
        const holdMs = holdMsFor(design, plan.holdMs);
        if (ballast.isDoomed()) ballast = await spawnBallast();
        const lacks = await playArm(
          { index, cell, attempt, design, transport, scenario, trigger, ...sizes, holdMs, seed },
          { ...stage, ballast },
        );
        index += 1;
        if (lacks !== undefined) {
          skip(lacks);
          break;
        }
        if (judgeLastArm(run).inconclusive !== true) break;
      }
    }
  }
  await Promise.all([ballast.end(STOP_MS), crew.end(STOP_MS), keeper.end()]);
  run.append({ event: 'run-ended' });
}

function planned({ cells }: RunPlan): PlannedCell[] {
  return cells.map(({ scenario, trigger, transport, arms, repeat = 1 }, cell) => ({
    cell,
    repeat,
    scenario: scenario.id,
    trigger: trigger.id,
    transport,
    arms: arms.map(({ kind, variant = null, mitigation = 'none' }) => ({
      kind,
      variant,
      mitigation,
    })),
  }));
}

/** Everything that the ledger has, and whoever still runs. */
async function putBack(state: StateDirectory): Promise<void> {
  const failed = (await cleanUp(state)).filter(({ ok }) => !ok);
  if (failed.length === 0) return;
  const what = failed.map(({ step, detail }) => `${step}: ${detail}`).join('; ');
  throw new CleanupError(`the machine is not as before (stuckfs rescue tries again): ${what}`);
}
