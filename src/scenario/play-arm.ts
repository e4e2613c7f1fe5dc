/**
 * Plays one arm on this kernel: its server, its trace, its children; and whatever way it ends, what it changed on the
 * machine is put back.
 */
import { StuckfsError, UsageError } from '../base/errors.js';
import { patient } from '../base/patience.js';
import { recordFrees } from '../record/trace-events.js';
import { CleanupError, type CleanupStack } from '../safety/cleanup-stack.js';
import { Arm, armStarted } from './arm.js';
import { ArmError, ArmLacksError, type ArmPlan, readsIn } from './arm-context.js';
import { type ServerStage, serverOf } from './arm-server.js';
import type { Child } from './child.js';
import type { Crew } from './crew.js';
import type { RunMachine } from './machine.js';
import type { Progress } from './progress.js';
import { keepsBdiLimits } from './relief.js';
import { type ArmServer, cleanUpMountOf } from './server.js';
import type { KeptServer } from './server-keeper.js';

const STOP_MS = 5000;

interface Stage extends ServerStage {
  readonly progress: Progress;
  readonly cleanup: CleanupStack;
  readonly signal: AbortSignal;
  readonly ballast: Child;
  readonly crew: Crew;
  readonly ballastPages: number;
  readonly lruPages: number;
}

/** @returns what the machine turned out to lack for it before it began; undefined where it was played */
export async function playArm(plan: ArmPlan, stage: Stage): Promise<string | undefined> {
  const { run, progress, cleanup, signal, state, machine, ballast, crew, keeper, ballastPages, lruPages } =
    stage;
  let kept: KeptServer | undefined;
  let server: ArmServer | undefined;
  let arm: Arm | undefined;
  let hasStarted = false;
  // In this order: the release frees whoever hangs, and then the children can end.
  const end = async () => {
    // Whoever has files open on NFS closes them while there is a server.
    if (server?.setLinkUp !== undefined) {
      await server.setLinkUp(true).catch(() => {});
      await arm?.endChildren();
    }
    await server?.stop(patient(STOP_MS));
    // Of one that was interrupted while it started.
    if (plan.design.untrusted === true) await cleanUpMountOf(state);
    await arm?.endChildren();
  };
  cleanup.defer(`the server of arm ${plan.index}`, end);
  try {
    const found = await serverOf(plan, stage);
    ({ kept, server } = found);
    const { mountPoint } = found;
    const { device, workloadThrough } = server;
    const ofArm = server;
    run.append(armStarted(plan, device, kept?.arm));
    hasStarted = true;
    const { design } = plan;
    const reads = readsIn(design);
    const { instance, formats } = machine.startTrace(`${process.pid}-${plan.index}`, {
      pageCacheOf: reads ? device : undefined,
      origins: design.serverPages !== undefined,
      nfs: design.nfs === true,
    });
    if (!keepsBdiLimits(design) && design.folios?.blockBytes !== null && design.nfs !== true)
      machine.liftDirtyLimits(device, plan.stuckBytes);
    if (reads) machine.liftReadahead(device, plan.stuckBytes);
    for (const [event, text] of formats) run.write(`formats/${event}.txt`, text);
    arm = new Arm(plan, {
      run,
      state,
      ballast,
      crew,
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
      answeredBefore: ofArm.answeredBefore ?? { total: 0, refused: 0 },
      killServer: () => ofArm.kill(),
      setLinkUp: async (isUp) => {
        if (ofArm.setLinkUp === undefined) throw new ArmError('this arm has no network link');
        return ofArm.setLinkUp(isUp);
      },
      scarcity: machine.scarcity,
      addHugePages: (hugePages) => machine.addHugePages(hugePages),
      isServerSound: server.isSound.bind(server),
      progress,
      signal,
    });
    await arm.play();
    return undefined;
  } catch (error) {
    // Interrupted: what broke then is the cleanup's doing, and no new arm begins.
    signal.throwIfAborted();
    if (!isArmFailure(error)) throw error;
    if (error instanceof ArmLacksError && !hasStarted) return error.message;
    progress.step(`arm broken off: ${error.message}`);
    // An arm without its start is none to the report, which would judge the run by the others.
    if (!hasStarted) run.append(armStarted(plan, ''));
    run.append({ event: 'arm-failed', arm: plan.index, reason: error.message });
    return undefined;
  } finally {
    try {
      let isKept = false;
      if (kept !== undefined && (await arm?.leaveServerEmpty()) === true) {
        // A trigger may have a file of the set open until it ends.
        await arm?.endChildren();
        isKept = await keeper.giveBack(kept);
      }
      if (!isKept) await end();
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
