/**
 * Runs cells on this kernel: for each arm a daemon, its children, the trace; and whatever happens, the machine
 * is put back.  The verdict is made afterwards, from the run directory alone.
 */
import { join } from 'node:path';
import { StuckfsError, UsageError } from '../base/errors.js';
import { PAGE_BYTES } from '../base/page-size.js';
import type { PlannedCell } from '../record/events.js';
import type { RunDirectory } from '../record/run-directory.js';
import { recordFrees } from '../record/trace-events.js';
import { judgeLastArm } from '../report/write.js';
import { cleanUp } from '../safety/cleanup.js';
import { CleanupError, type CleanupStack } from '../safety/cleanup-stack.js';
import { type RunGuard, startRunGuard } from '../safety/run-guard.js';
import { StateDirectory } from '../safety/state-directory.js';
import { Arm, armStarted } from './arm.js';
import { type ArmPlan, deadlineMsForBytes, readsIn } from './arm-context.js';
import type { WantedCell } from './cells.js';
import { Child } from './child.js';
import { describeEnvironment } from './environment.js';
import { folioSysctls, startFolioHost } from './folio-host.js';
import { RunMachine } from './machine.js';
import { availableBytes, generousBallastPages, lruPagesOfLargestZone, peakBytes } from './memory-need.js';
import { lackingForArm, serverDesignOf } from './page-giver.js';
import type { Progress } from './progress.js';
import { keepsBdiLimits, mitigationOf } from './relief.js';
import { type ArmDesign, armName } from './scenario.js';
import { type ArmServer, cleanUpMountOf, Server } from './server.js';
import { enoughToBeThrottled } from './throttled-set.js';
import { untrustedMountPoint } from './untrusted-namespaces.js';
import { UntrustedServer } from './untrusted-server.js';

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
/** What the hold may take longer than asked for before the watchdog ends it. */
const HOLD_MARGIN_MS = 120_000;
/** Steps of an arm, each with a deadline for all bytes of both sets, that may pass while requests are held. */
const STEPS_WHILE_HELD = 5;
/** Metadata and whatever the workload rounds up. */
const STORE_MARGIN_BYTES = 64 << 20;
const STOP_MS = 5000;
/** An arm whose folios the scanner did not reach says nothing, and is played again: so often at the most. */
const MOST_ATTEMPTS = 3;

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
function bytesFor({ folios }: ArmDesign, stuckBytes: number): number {
  if (folios === undefined) return stuckBytes;
  const folioBytes = PAGE_BYTES << folios.order;
  return Math.ceil(stuckBytes / folioBytes) * folioBytes;
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
  const ballast = await Child.spawn('ballast', '../placement/ballast-main.js', state);
  machine.dropPageCache(run.path);
  const lruPages = lruPagesOfLargestZone();
  const ballastPages = generousBallastPages();
  const stage = { plan, run, progress, cleanup, signal, state, machine, ballast, ballastPages, lruPages };
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
      const reason = lackingForArm(design, run.path) ?? mitigationOf(design)?.missing();
      if (reason !== undefined) {
        progress.step(`${name}: ${armName(design)} arm: skipped: ${reason}`);
        const ids = { scenario: scenario.id, trigger: trigger.id, transport };
        const { variant, mitigation } = design;
        const only = {
          ...(variant === undefined ? {} : { variant }),
          ...(mitigation === undefined ? {} : { mitigation }),
        };
        run.append({ event: 'cell-skipped', cell, ...only, ...ids, reason });
        continue;
      }
      for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
        if (!guard.isRunning()) {
          progress.step('the guard of the run was killed; here is another one');
          guard = await startRunGuard(state);
        }
        progress.step(`${name}: ${armName(design)} arm${attempt === 1 ? '' : `, attempt ${attempt}`}`);
        const { holdMs, seed } = plan;
        const isLimited = keepsBdiLimits(design);
        const stuckBytes = isLimited ? enoughToBeThrottled(plan.stuckBytes) : plan.stuckBytes;
        const sizes = {
          stuckBytes: bytesFor(design, stuckBytes),
          controlBytes: controlBytesFor(plan.stuckBytes),
        };
        await playArm(
          { index, cell, attempt, design, transport, scenario, trigger, ...sizes, holdMs, seed },
          stage,
        );
        index += 1;
        if (judgeLastArm(run).inconclusive !== true) break;
      }
    }
  }
  await ballast.end(STOP_MS);
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

interface Stage {
  readonly plan: RunPlan;
  readonly run: RunDirectory;
  readonly progress: Progress;
  readonly cleanup: CleanupStack;
  readonly signal: AbortSignal;
  readonly state: StateDirectory;
  readonly machine: RunMachine;
  readonly ballast: Child;
  readonly ballastPages: number;
  readonly lruPages: number;
}

function delayMsOf({ misbehaviour }: ArmDesign): number {
  return misbehaviour.kind === 'delay' ? misbehaviour.delayMs : 0;
}

function maxHoldMs({ holdMs, stuckBytes, controlBytes, design }: ArmPlan): number {
  return Math.ceil(
    holdMs +
      delayMsOf(design) +
      HOLD_MARGIN_MS +
      STEPS_WHILE_HELD * deadlineMsForBytes(stuckBytes + controlBytes),
  );
}

/** Everything that the ledger has, and whoever still runs. */
async function putBack(state: StateDirectory): Promise<void> {
  const failed = (await cleanUp(state)).filter(({ ok }) => !ok);
  if (failed.length === 0) return;
  const what = failed.map(({ step, detail }) => `${step}: ${detail}`).join('; ');
  throw new CleanupError(`the machine is not as before (stuckfs rescue tries again): ${what}`);
}

async function playArm(plan: ArmPlan, stage: Stage): Promise<void> {
  const { run, progress, cleanup, signal, state, machine, ballast, ballastPages, lruPages } = stage;
  const isUntrusted = plan.design.untrusted === true;
  const mountPoint = isUntrusted ? untrustedMountPoint : machine.makeMountPoint(plan.index);
  const mitigation = mitigationOf(plan.design);
  let server: ArmServer | undefined;
  let arm: Arm | undefined;
  let hasStarted = false;
  // In this order: the release frees whoever hangs, and then the children can end.
  const end = async () => {
    await server?.stop(STOP_MS);
    // Of one that was interrupted while it started.
    if (isUntrusted) await cleanUpMountOf(state);
    await arm?.endChildren();
  };
  cleanup.defer(`the server of arm ${plan.index}`, end);
  try {
    const putSysctlsBack = machine.setSysctls(mitigation?.whileMounting ?? []);
    const { folios } = plan.design;
    if (folios !== undefined) {
      machine.setSysctls(folioSysctls);
      server = startFolioHost(folios, { state, mountPoint, bytes: plan.stuckBytes });
    }
    server ??= await (isUntrusted ? UntrustedServer : Server).start({
      mountPoint,
      maxHoldMs: maxHoldMs(plan),
      seed: stage.plan.seed,
      maxBytes: plan.stuckBytes + plan.controlBytes + STORE_MARGIN_BYTES,
      logFile: join(run.path, `daemon-${plan.index}.log`),
      runDirectory: state.path,
      design: {
        ...serverDesignOf(plan.design, run.path),
        ...(mitigation?.endsConnection === true ? { outlivesConnection: true } : {}),
        ...(plan.transport === 'dev-fuse' ? {} : { transport: plan.transport }),
      },
    });
    putSysctlsBack();
    const { device, workloadThrough } = server;
    const ofArm = server;
    run.append(armStarted(plan, device));
    hasStarted = true;
    const reads = readsIn(plan.design);
    const { instance, formats } = machine.startTrace(`${process.pid}-${plan.index}`, {
      pageCacheOf: reads ? device : undefined,
      origins: plan.design.serverPages !== undefined,
    });
    if (!keepsBdiLimits(plan.design) && folios?.blockBytes !== null)
      machine.liftDirtyLimits(device, plan.stuckBytes);
    if (reads) machine.liftReadahead(device, plan.stuckBytes);
    for (const [event, text] of formats) run.write(`formats/${event}.txt`, text);
    arm = new Arm(plan, {
      run,
      state,
      ballast,
      ballastPages,
      lruPages,
      get client() {
        return ofArm.client;
      },
      mountPoint,
      workloadThrough,
      device,
      tracePipe: instance.tracePipePath,
      traceMarker: instance.traceMarkerPath,
      startTracing: () => instance.setTracingOn(true),
      stopTracing: () => instance.setTracingOn(false),
      recordFrees: (frames) => recordFrees(instance, frames),
      lostEvents: () => instance.countLostEvents(),
      dropPageCache: () => machine.dropPageCache(run.path),
      expectChanges: (changes) => machine.expectChanges(changes),
      shortenCpuLists: () => machine.shortenCpuLists(),
      get connection() {
        return ofArm.connection;
      },
      killServer: () => ofArm.kill(),
      scarcity: machine.scarcity,
      addHugePages: (hugePages) => machine.addHugePages(hugePages),
      isServerSound: server.isSound.bind(server),
      progress,
      signal,
    });
    await arm.play();
  } catch (error) {
    // Interrupted: what broke then is the cleanup's doing, and no new arm begins.
    signal.throwIfAborted();
    if (!isArmFailure(error)) throw error;
    progress.step(`arm broken off: ${error.message}`);
    // An arm without its start is none to the report, which would judge the run by the others.
    if (!hasStarted) run.append(armStarted(plan, ''));
    run.append({ event: 'arm-failed', arm: plan.index, reason: error.message });
  } finally {
    try {
      await end();
    } finally {
      putBackOfArm(machine, progress);
    }
  }
}

/** What does not work here the cleanup of the run tries again, and fails where it cannot. */
function putBackOfArm(machine: RunMachine, progress: Progress): void {
  try {
    machine.endArm();
  } catch (error) {
    progress.step(`${(error as Error).message}; the cleanup of the run tries again`);
  }
}

/**
 * What breaks off one arm and leaves a verdict of unknown: whatever we foresaw but a mistake of the user's, which all
 * arms would share, or one that the machine's state depends on.
 */
function isArmFailure(error: unknown): error is Error {
  return error instanceof StuckfsError && !(error instanceof UsageError) && !(error instanceof CleanupError);
}
