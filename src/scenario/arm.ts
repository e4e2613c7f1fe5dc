/**
 * Plays one arm: makes the folios stuck (or not), asks for migration, waits out the hold, releases, and looks where
 * everything is.  It writes down what it sees and judges nothing.  The runner's process never touches the mount: the
 * workload does.
 */
import { join } from 'node:path';
import type { RunEventBody } from '../record/events.js';
import { ArmContext, ArmError, type ArmPlan, type ArmStage } from './arm-context.js';
import type { Child } from './child.js';
import { FolioSet } from './folio-set.js';
import { LinkWedge } from './link-wedge.js';
import { keepsBdiLimits, Relief } from './relief.js';
import { Stall } from './stall.js';
import { StuckSet } from './stuck-set.js';
import { ThrottledSet } from './throttled-set.js';
import { Wedge } from './wedge.js';

/**
 * @param device empty where the server did not start
 * @param serverOfArm for which the server was started
 */
export function armStarted(
  { design, ...plan }: ArmPlan,
  device: string,
  serverOfArm = plan.index,
): RunEventBody {
  const {
    kind,
    variant = null,
    mitigation = 'none',
    misbehaviour,
    waitsIn,
    stuckBy,
    untrusted,
    serverPages,
    folios,
    nfs,
  } = design;
  return {
    event: 'arm-started',
    arm: plan.index,
    cell: plan.cell,
    kind,
    variant,
    scenario: plan.scenario.id,
    transport: plan.transport,
    trigger: plan.trigger.id,
    mitigation,
    attempt: plan.attempt,
    holdMs: plan.holdMs,
    device,
    ...(serverOfArm === plan.index ? {} : { serverOfArm }),
    waitsIn,
    stuckBy,
    delayMs: misbehaviour.kind === 'delay' ? misbehaviour.delayMs : null,
    allHangs: misbehaviour.kind === 'unplug',
    ...(untrusted === true ? { untrusted } : {}),
    ...(serverPages === undefined ? {} : { serverPages }),
    ...(plan.trigger.allocatesHugePages === true ? { allocatesHugePages: true } : {}),
    ...(plan.trigger.reach === 'asked' ? { reach: plan.trigger.reach } : {}),
    ...(plan.trigger.answers === undefined ? {} : { answers: plan.trigger.answers }),
    ...(plan.trigger.waitsBeforeMigration === true ? { waitsBeforeMigration: true } : {}),
    ...(plan.trigger.emptiesRange === true ? { emptiesRange: true } : {}),
    ...(plan.trigger.byWorker === true ? { byWorker: plan.trigger.migrateReason } : {}),
    ...(folios === undefined ? {} : { folios }),
    ...(nfs === undefined ? {} : { nfs }),
  };
}

/** Of all memory, where that is much. */
const COMPACTION_MS = 60_000;
/** Added and put online by the kernel, block by block. */
const BRING_MEMORY_MS = 60_000;

function kindOfSet(design: ArmPlan['design']): typeof StuckSet {
  if (design.folios !== undefined) return FolioSet;
  return keepsBdiLimits(design) ? ThrottledSet : StuckSet;
}

export class Arm {
  private readonly context: ArmContext;
  private hasEnded = false;
  private workload: Child | undefined;

  constructor(plan: ArmPlan, stage: ArmStage) {
    this.context = new ArmContext(plan, stage);
  }

  async play(): Promise<void> {
    const { plan } = this.context;
    this.context.recordVmstat('arm-started');
    // Started side by side: each takes its time until it hears.
    const recorder = await this.context.spawn('recorder', '../record/recorder-main.js');
    const workload = await this.spawnWorkload();
    this.workload = workload;
    const trigger = await this.context.spawn('trigger', '../trigger/trigger-main.js');
    this.context.compactMemory = () => trigger.ask('compactMemory', {}, COMPACTION_MS);
    await recorder.ask('start', this.recorderFiles(), 5000);
    this.context.readTrace = () => this.flushedTrace(recorder);
    try {
      const wedge = new (plan.design.nfs === true ? LinkWedge : Wedge)(this.context);
      const set = new (kindOfSet(plan.design))(this.context, workload, wedge);
      if (plan.trigger.bringMemory !== undefined)
        this.context.isMemoryBrought = await trigger.ask<boolean>(
          'bringMemory',
          { trigger: plan.trigger.id },
          BRING_MEMORY_MS,
        );
      await set.make();
      const relief = new Relief(this.context, set, wedge);
      await new Stall(this.context, trigger, set, wedge, relief).play();
      await (relief.hasEndedConnection ? set.afterEnd() : set.verify());
    } finally {
      await this.stopRecording(recorder);
    }
    this.context.record({ event: 'arm-ended', arm: plan.index });
    this.hasEnded = true;
  }

  /** Where it went to its end: so that the next arm may have its server. @returns whether that is so */
  async leaveServerEmpty(): Promise<boolean> {
    if (!this.hasEnded) return false;
    try {
      // What is delayed is let go by the server itself, which goes on delaying.
      if (this.context.plan.design.misbehaviour.kind === 'delay')
        await this.context.stage.client.clearFaults();
      await this.workload?.ask('remove', {}, 10_000);
      return true;
    } catch {
      return false;
    }
  }

  /** Of an arm that went to its end the next one may have them, but for those that keep what they took. */
  async endChildren(): Promise<void> {
    const { trigger, design } = this.context.plan;
    const keeps: Readonly<Record<string, boolean>> = {
      trigger: trigger.keepsUntilEnd === true,
      workload: design.folios !== undefined,
    };
    const mayServeAgain = ({ role }: Child) => this.hasEnded && keeps[role] !== true;
    await this.context.dismiss(mayServeAgain, 2000);
  }

  private spawnWorkload(): Promise<Child> {
    const { workloadThrough } = this.context.stage;
    const { folios } = this.context.plan.design;
    const main = folios === undefined ? 'workload-main.js' : 'folio-workload-main.js';
    return this.context.spawn('workload', `../workload/${main}`, workloadThrough);
  }

  private async flushedTrace(recorder: Child): Promise<string> {
    const { failure } = await recorder.ask<{ failure: string | null }>('flush', {}, 20_000);
    if (failure !== null) throw new ArmError(`the recorder: ${failure}`);
    return this.context.stage.run.read(this.traceName()) ?? '';
  }

  private async stopRecording(recorder: Child): Promise<void> {
    this.context.stage.stopTracing();
    const { failure } = await recorder.ask<{ failure: string | null }>('stop', {}, 20_000);
    if (failure !== null) throw new ArmError(`the recorder: ${failure}`);
    // Counted last: what is lost while the buffers are drained is lost, too.
    const lostEvents = this.context.stage.lostEvents();
    this.context.record({
      event: 'trace-ended',
      arm: this.context.plan.index,
      trace: this.traceName(),
      lostEvents,
    });
  }

  private traceName(): string {
    return `trace-${this.context.plan.index}.txt`;
  }

  private recorderFiles(): { tracePipe: string; trace: string; dmesg: string } {
    const { path } = this.context.stage.run;
    return {
      tracePipe: this.context.stage.tracePipe,
      trace: join(path, this.traceName()),
      dmesg: join(path, `dmesg-${this.context.plan.index}.txt`),
    };
  }
}
