/**
 * The trigger of an arm: pulled, watched while it may hang, let go by the release, waited for.
 */
import { tasksInState } from '../kernel/processes.js';
import type { ArmContext } from './arm-context.js';
import { ArmError } from './arm-context.js';
import type { Child } from './child.js';
import type { StuckSet } from './stuck-set.js';

const SAMPLE_INTERVAL_MS = 50;
/** What is left of the zones is compacted after the release; hundreds of GiB take their time. */
const AFTER_RELEASE_MS = 300_000;

export class Stall {
  constructor(
    private readonly context: ArmContext,
    private readonly trigger: Child,
    private readonly set: StuckSet,
  ) {}

  /** Asks for migration, waits out the hold, releases, waits for the end, and looks where the folios are. */
  async play(): Promise<void> {
    const { trigger } = this;
    const { plan, stage } = this.context;
    const comm = trigger.sample()?.comm ?? '';
    const mark = `stuckfs trigger of arm ${plan.index}`;
    this.context.record({ event: 'trigger-started', arm: plan.index, pid: trigger.pid, comm, mark });
    this.context.recordVmstat('trigger-started');
    stage.progress.step(`trigger ${plan.trigger.id}`);
    stage.startTracing();
    const startedMs = performance.now();
    let ended = false;
    const answer = trigger
      .start('pull', { trigger: plan.trigger.id, marker: stage.traceMarker, mark })
      .finally(() => {
        ended = true;
      }) as Promise<{ result: number; startedNs: number; endedNs: number }>;
    answer.catch(() => {});
    const patienceMs =
      plan.kind === 'fault' ? plan.holdMs : this.context.deadlineForBytes(plan.stuckBytes) + 30_000;
    const waitedOut = await this.watch(startedMs + patienceMs, () => ended);
    if (waitedOut) this.recordWaiters();
    await this.set.locateAgain('hold-ended', 'hold');
    if (plan.kind === 'fault') await this.release();
    const { result, startedNs, endedNs } = await this.context.deadlines.answer(
      'the trigger to end',
      AFTER_RELEASE_MS,
      answer,
    );
    this.context.record({ event: 'trigger-ended', arm: plan.index, result, startedNs, endedNs });
    this.context.recordVmstat('trigger-ended');
    stage.progress.step(`trigger ended after ${((endedNs - startedNs) / 1e6).toFixed(0)} ms`);
    await this.set.locateAgain('set-found', 'after');
  }

  /** Samples the trigger's state and stack until it ends (false) or the time is up (true). */
  private async watch(untilMs: number, ended: () => boolean): Promise<boolean> {
    let nextRecordMs = 0;
    let shown = false;
    while (!ended()) {
      const now = performance.now();
      if (now >= untilMs) return true;
      this.context.deadlines.check();
      if (!(await this.context.stage.isServerSound()))
        throw new ArmError('the daemon or its watchdog was lost');
      const sample = this.trigger.sample();
      if (sample?.state === 'D' && now >= nextRecordMs) {
        this.context.record({
          event: 'task-sampled',
          arm: this.context.plan.index,
          role: 'trigger',
          ...sample,
        });
        nextRecordMs = now + 1000;
        if (!shown)
          this.context.stage.progress.step(
            `trigger in D state, in ${sample.stack[0] ?? '?'}; waiting out the hold`,
          );
        shown = true;
      }
      await this.context.deadlines.sleep(Math.min(SAMPLE_INTERVAL_MS, untilMs - now));
    }
    return false;
  }

  /** Who hangs, at the end of the hold: the trigger, our own, and anybody else in D state. */
  private recordWaiters(): void {
    const roles = new Map<number, string>(
      [this.context.stage.ballast, ...this.context.children].map((child) => [child.pid, child.role]),
    );
    for (const task of tasksInState('D')) {
      const stack = (task.stack ?? []).map((frame) => frame.symbol);
      const role = roles.get(task.pid) ?? 'other';
      const sample = { pid: task.pid, comm: task.comm, state: task.state, stack };
      this.context.record({ event: 'task-sampled', arm: this.context.plan.index, role, ...sample });
      const name = task.pid === this.trigger.pid ? 'trigger' : `${role}-${task.tid}`;
      this.context.stage.run.write(
        `stacks/${this.context.plan.index}-${name}.txt`,
        `${task.comm} ${task.state}\n${stack.join('\n')}\n`,
      );
    }
  }

  private async release(): Promise<void> {
    const { client, progress } = this.context.stage;
    await client.clearFaults();
    const askedNs = Number(process.hrtime.bigint());
    const { released, bytes } = await client.release({});
    this.context.record({
      event: 'released',
      arm: this.context.plan.index,
      requests: released,
      bytes,
      askedNs,
    });
    progress.step(`released ${released} requests`);
  }
}
