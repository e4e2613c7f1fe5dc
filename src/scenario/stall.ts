/**
 * The trigger of an arm: pulled, watched while it may hang, let go, waited for.
 */
import { join } from 'node:path';
import { patient } from '../base/patience.js';
import { tasksInState } from '../kernel/processes.js';
import { readVmstat } from '../kernel/vmstat.js';
import { waitsIn } from '../record/waits-in.js';
import type { FileChange, TriggerResult } from '../trigger/trigger.js';
import type { ArmContext } from './arm-context.js';
import { ArmError } from './arm-context.js';
import type { Child, TaskSample } from './child.js';
import type { Relief } from './relief.js';
import { pagesIn } from './set-files.js';
import type { StuckSet } from './stuck-set.js';
import type { Wedge } from './wedge.js';
import { WorkerTask } from './worker-task.js';

const SAMPLE_INTERVAL_MS = 50;
/** Where the server answers by itself, after a fraction of a second perhaps. */
const FAST_SAMPLE_INTERVAL_MS = 5;
/** What is left of the zones is compacted after the release; hundreds of GiB take their time. */
const AFTER_RELEASE_MS = 300_000;

/** Until the trigger's process has read what it needs, and asks the kernel. */
const BEGINS_MS = 20_000;
/** Until a trigger waits for the set, or has failed and ended. */
const COMES_MS = 20_000;
/** Samples in a row: it may wait for a moment for what is somebody else's. */
const SURE_SAMPLES = 2;

function failedMigrations(): number {
  return readVmstat().get('pgmigrate_fail') ?? 0;
}

export class Stall {
  /** Where a worker of the kernel's does what the trigger asks for. */
  private readonly worker: WorkerTask | undefined;

  constructor(
    private readonly context: ArmContext,
    private readonly trigger: Child,
    private readonly set: StuckSet,
    private readonly wedge: Wedge,
    private readonly relief: Relief,
  ) {
    const { byWorker, kernelFunction } = context.plan.trigger;
    this.worker = byWorker === true ? new WorkerTask(kernelFunction) : undefined;
  }

  /** Asks for migration, waits out the hold, lets go, waits for the end, and looks where the folios are. */
  async play(): Promise<void> {
    const { plan, stage } = this.context;
    await this.set.beginLate();
    const comm = this.trigger.sample()?.comm ?? '';
    const mark = `stuckfs trigger of arm ${plan.index}`;
    this.context.record({ event: 'trigger-started', arm: plan.index, pid: this.trigger.pid, comm, mark });
    this.context.recordVmstat('trigger-started');
    const putBack = await this.expectChanges();
    stage.progress.step(`trigger ${plan.trigger.id}`);
    stage.startTracing();
    const failedBefore = failedMigrations();
    let ended = false;
    let hasBegun = () => {};
    const begins = new Promise<void>((resolve) => {
      hasBegun = resolve;
    });
    const answer = this.pull(mark, hasBegun).finally(() => {
      ended = true;
    });
    // The hold counts from the call: on a machine that is busy the process may take as long until it comes to it.
    await this.context.deadlines.answer('the trigger to begin', BEGINS_MS, Promise.race([begins, answer]));
    const startedMs = performance.now();
    const waits = await this.watch(await this.begun(startedMs, failedBefore, () => ended), () => ended);
    if (waits) this.recordWaiters();
    await this.set.locateAgain('hold-ended', 'hold');
    if (plan.trigger.allocatesHugePages === true) this.set.frames.recordPageblocks();
    if (this.relief.acts) await this.relief.act();
    else if (this.context.withholds) await this.wedge.letGo();
    const { startedNs, endedNs, ...answered } = await this.context.deadlines.answer(
      'the trigger to end',
      AFTER_RELEASE_MS,
      answer,
    );
    this.context.record({ event: 'trigger-ended', arm: plan.index, ...answered, startedNs, endedNs });
    this.context.recordVmstat('trigger-ended');
    stage.progress.step(`trigger ended after ${((endedNs - startedNs) / 1e6).toFixed(0)} ms`);
    // One that went on until it was let go has been asked again all the while.
    const wentOn = waits && plan.trigger.reach === 'asked';
    if (plan.design.stuckBy === 'reference' && !wentOn) await this.pullAgain();
    stage.scarcity.giveBack();
    if (this.relief.hasEndedConnection) await this.set.frames.locateAfterEnd();
    else await this.set.locateAgain('set-found', 'after');
    putBack();
  }

  /** What the trigger will write to is written down first: it may be killed at any moment, or hang in it. */
  private async expectChanges(): Promise<() => void> {
    const { trigger } = this.context.plan;
    if (trigger.changes === undefined) return () => {};
    const words = {
      trigger: trigger.id,
      stuckPfns: join(this.context.stage.run.path, this.set.target.stuckPfns),
    };
    const changes = await this.trigger.ask<readonly FileChange[]>('changes', words, 10_000);
    return this.context.stage.expectChanges(changes);
  }

  private pull(
    mark: string,
    begins?: () => void,
  ): Promise<TriggerResult & { startedNs: number; endedNs: number }> {
    const { plan, stage } = this.context;
    const { workloadPid, stuckPfns, mapping } = this.set.target;
    const words = {
      trigger: plan.trigger.id,
      marker: stage.traceMarker,
      mark,
      workloadPid,
      stuckPfns: join(stage.run.path, stuckPfns),
      mapping,
    };
    return this.trigger.start('pull', words, begins) as Promise<
      TriggerResult & { startedNs: number; endedNs: number }
    >;
  }

  /** What failed while something held on to the folios must succeed once nothing does. */
  private async pullAgain(): Promise<void> {
    const { plan, stage, deadlines } = this.context;
    stage.progress.step(`trigger ${plan.trigger.id} again, now that they are let go`);
    const mark = `stuckfs trigger of arm ${plan.index}, again`;
    const again = this.pull(mark);
    const { result } = await deadlines.answer('the trigger to end again', AFTER_RELEASE_MS, again);
    this.context.record({ event: 'triggered-again', arm: plan.index, result, mark });
  }

  /** Who migrates, now. */
  private sample(): TaskSample | undefined {
    return this.worker === undefined ? this.trigger.sample() : this.worker.sample();
  }

  /** In D state, and where it is expected to wait. */
  private isWaiting(sample: TaskSample | undefined): boolean {
    const name = this.context.plan.design.waitsIn;
    return sample?.state === 'D' && name !== null && waitsIn(sample.stack, name) !== undefined;
  }

  /**
   * From when on the hold counts: from where the trigger is seen to wait for the set, or, where it tries again for as long
   * as it fails, to have failed with it.  Any other that is to fail ends by itself.
   */
  private async begun(startedMs: number, failedBefore: number, ended: () => boolean): Promise<number> {
    if (this.context.plan.design.misbehaviour.kind === 'delay') return startedMs;
    const untilMs = startedMs + patient(COMES_MS);
    let inARow = 0;
    while (!ended() && performance.now() < untilMs && inARow < SURE_SAMPLES) {
      this.context.deadlines.check();
      await this.context.deadlines.sleep(SAMPLE_INTERVAL_MS);
      inARow = this.isAtSet(failedBefore) ? inARow + 1 : 0;
    }
    return performance.now();
  }

  /** The stack of a task that runs is not to be seen: that it is at the set is told by what fails. */
  private isAtSet(failedBefore: number): boolean {
    const { design, stuckBytes, trigger } = this.context.plan;
    if (design.waitsIn !== null) return this.isWaiting(this.sample());
    return trigger.goesOn === true && failedMigrations() - failedBefore >= pagesIn(stuckBytes);
  }

  /** Until the trigger ends (false), or it is time to let go (true). */
  private watch(startedMs: number, ended: () => boolean): Promise<boolean> {
    const { plan } = this.context;
    const { misbehaviour } = plan.design;
    if (misbehaviour.kind === 'delay') return this.watchDelay(ended);
    const patienceMs = this.context.withholds && !this.relief.acts ? plan.holdMs : this.relief.patienceMs;
    return this.watchUntil(startedMs + patienceMs, ended);
  }

  /** Until the trigger waits where it is expected to, or has ended; at the latest until the first answer. */
  private async watchDelay(ended: () => boolean): Promise<boolean> {
    while (!ended() && this.wedge.leftMs > 0) {
      this.context.deadlines.check();
      if (this.isWaiting(this.sample())) return true;
      await this.context.deadlines.sleep(FAST_SAMPLE_INTERVAL_MS);
    }
    return false;
  }

  /** Samples the trigger's state and stack until it ends (false) or the time is up (true). */
  private async watchUntil(untilMs: number, ended: () => boolean): Promise<boolean> {
    let nextRecordMs = 0;
    let shown = false;
    while (!ended()) {
      const now = performance.now();
      if (now >= untilMs || this.relief.isDue(now)) return true;
      this.context.deadlines.check();
      if (!(await this.context.stage.isServerSound()))
        throw new ArmError('the daemon or its watchdog was lost');
      const sample = this.sample();
      if (this.isWaiting(sample)) this.relief.sawWaiting(now);
      if (sample?.state === 'D' && now >= nextRecordMs) {
        this.context.record({
          event: 'task-sampled',
          arm: this.context.plan.index,
          role: 'trigger',
          tid: sample.pid,
          ...sample,
        });
        nextRecordMs = now + 1000;
        if (!shown)
          this.context.stage.progress.step(
            `trigger in D state, in ${sample.stack[0] ?? '?'}; waiting out the hold`,
          );
        shown = true;
      }
      await this.context.deadlines.pause(now, SAMPLE_INTERVAL_MS, untilMs - performance.now());
    }
    return false;
  }

  /** Who hangs, at the end of the hold: the trigger, our own, and anybody else in D state. */
  private recordWaiters(): void {
    const roles = new Map<number, string>(
      [this.context.stage.ballast, ...this.context.children].map((child) => [child.pid, child.role]),
    );
    const migrator = this.sample()?.pid ?? this.trigger.pid;
    roles.set(migrator, 'trigger');
    for (const task of tasksInState('D')) {
      const stack = (task.stack ?? []).map((frame) => frame.symbol);
      const role = roles.get(task.pid) ?? 'other';
      const sample = { pid: task.pid, tid: task.tid, comm: task.comm, state: task.state, stack };
      this.context.record({ event: 'task-sampled', arm: this.context.plan.index, role, ...sample });
      const name = task.tid === migrator ? 'trigger' : `${role}-${task.tid}`;
      this.context.stage.run.write(
        `stacks/${this.context.plan.index}-${name}.txt`,
        `${task.comm} ${task.state}\n${stack.join('\n')}\n`,
      );
    }
  }
}
