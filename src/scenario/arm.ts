/**
 * Plays one arm: places the folios, makes them stuck (or not), asks for migration, waits out the hold, releases,
 * and looks where everything is.  It writes down what it sees and judges nothing.  The runner's process never
 * touches the mount: the workload does.
 */
import { join } from 'node:path';
import { StuckfsError } from '../base/errors.js';
import type { ControlClient } from '../control/client/client.js';
import { readKpageflagsOf } from '../kernel/kpageflags.js';
import { tasksInState } from '../kernel/processes.js';
import { readVmstat } from '../kernel/vmstat.js';
import type { ArmKind, RunEventBody } from '../record/events.js';
import type { RunDirectory } from '../record/run-directory.js';
import type { StateDirectory } from '../safety/state-directory.js';
import { firstAllowedCpu } from '../syscall/process.js';
import type { Trigger } from '../trigger/trigger.js';
import { Child, type Role } from './child.js';
import { Deadlines } from './deadlines.js';
import type { Progress } from './progress.js';
import type { Scenario } from './scenario.js';

export interface ArmPlan {
  /** Of all arms played in this run, attempts included. */
  readonly index: number;
  /** Counted from 1. */
  readonly attempt: number;
  readonly kind: ArmKind;
  readonly scenario: Scenario;
  readonly trigger: Trigger;
  readonly stuckBytes: number;
  readonly controlBytes: number;
  readonly holdMs: number;
  readonly seed: number;
}

export interface ArmStage {
  readonly run: RunDirectory;
  readonly client: ControlClient;
  readonly mountPoint: string;
  /** "MAJOR:MINOR". */
  readonly device: string;
  readonly tracePipe: string;
  readonly lostEvents: () => number;
  /** So that no large folio of another filesystem lies on the scanner's way. */
  readonly dropPageCache: () => void;
  /** So that what the ballast frees now is seen by compaction. */
  readonly shortenCpuLists: () => void;
  readonly progress: Progress;
  /** Aborted when the run is interrupted. */
  readonly signal: AbortSignal;
  /** Where the children are written down. */
  readonly state: StateDirectory;
  /** One for all arms of the run. */
  readonly ballast: Child;
  /** Movable pages in the zone without it. */
  readonly lruPages: number;
  /** How much of it, so that the folios land low in the zone. */
  readonly ballastPages: number;
  /** The daemon and its watchdog are what they were. */
  readonly isServerSound: () => Promise<boolean>;
}

const PAGE_BYTES = 4096;
const SAMPLE_INTERVAL_MS = 50;
const recordedCounters = [
  'nr_writeback',
  'nr_dirty',
  'pgmigrate_success',
  'pgmigrate_fail',
  'compact_migrate_scanned',
  'compact_free_scanned',
  'compact_isolated',
  'compact_stall',
  'compact_fail',
  'compact_success',
];

/** The arm cannot go on; what is recorded so far is judged `unknown` with this reason. */
export class ArmError extends StuckfsError {
  override readonly code = 'ARM';
}

export class Arm {
  private readonly deadlines: Deadlines;
  private readonly children: Child[] = [];
  /** Where pages are freed and allocated, as free pages are kept by CPU. */
  private readonly cpu = Math.max(0, firstAllowedCpu());

  constructor(
    private readonly plan: ArmPlan,
    private readonly stage: ArmStage,
  ) {
    this.deadlines = new Deadlines(stage.signal, () => this.checkChildren());
  }

  async play(): Promise<void> {
    const { plan } = this;
    this.record({
      event: 'arm-started',
      arm: plan.index,
      kind: plan.kind,
      scenario: plan.scenario.id,
      trigger: plan.trigger.id,
      mitigation: 'none',
      attempt: plan.attempt,
      holdMs: plan.holdMs,
      device: this.stage.device,
    });
    this.recordVmstat('arm-started');
    const recorder = await this.spawn('recorder', '../record/recorder-main.js');
    await recorder.ask('start', this.recorderFiles(), 5000);
    try {
      const workload = await this.spawn('workload', '../workload/write-main.js');
      const trigger = await this.spawn('trigger', '../trigger/trigger-main.js');
      await this.makeStuck(workload);
      await this.pullTrigger(trigger, workload);
      await this.verify(workload);
    } finally {
      await this.stopRecording(recorder);
    }
    this.record({ event: 'arm-ended', arm: plan.index });
  }

  /** Ends every child; whatever is left in D state by then is the cleanup's business. */
  async endChildren(): Promise<void> {
    await Promise.all(this.children.map((child) => child.end(2000)));
  }

  private async makeStuck(workload: Child): Promise<void> {
    const { plan, stage } = this;
    const { ballast } = stage;
    const paths = { stuck: `/stuck-${plan.index}`, control: `/control-${plan.index}` };
    const { stuckIno, controlIno } = await workload.ask<{ stuckIno: number; controlIno: number }>(
      'create',
      {
        stuckPath: join(stage.mountPoint, paths.stuck),
        stuckBytes: plan.stuckBytes,
        controlPath: join(stage.mountPoint, paths.control),
        controlBytes: plan.controlBytes,
        seed: plan.seed + plan.index,
      },
      10_000,
    );
    await workload.ask('prime', {}, this.deadlineForBytes(plan.stuckBytes + plan.controlBytes));
    if (plan.kind === 'fault') {
      for (const fault of plan.scenario.faults(paths.stuck)) await stage.client.addFault(fault);
    }
    await this.place(ballast);
    stage.progress.step(
      `dirtying ${mebibytes(plan.stuckBytes)}, and ${mebibytes(plan.controlBytes)} beside it`,
    );
    await workload.ask(
      'dirty',
      { cpu: this.cpu },
      this.deadlineForBytes(plan.stuckBytes + plan.controlBytes),
    );
    if (plan.kind === 'fault') await this.confirmHeld();
    else await workload.ask('sync', {}, this.deadlineForBytes(plan.stuckBytes));
    const names = this.pfnArtifacts('before');
    await workload.ask(
      'locate',
      { ...this.outPaths(names), touch: true },
      this.deadlineForBytes(plan.stuckBytes),
    );
    this.recordSet(names, {
      stuck: { path: paths.stuck, ino: stuckIno, pages: Math.ceil(plan.stuckBytes / PAGE_BYTES) },
      control: { path: paths.control, ino: controlIno, pages: Math.ceil(plan.controlBytes / PAGE_BYTES) },
    });
    stage.shortenCpuLists();
    await ballast.ask('settle', {}, 60_000);
  }

  /** Decides where in physical memory the workload's folios will lie (placement/plan.ts says why). */
  private async place(ballast: Child): Promise<void> {
    const { plan, stage } = this;
    const setPages = Math.ceil((plan.stuckBytes + plan.controlBytes) / PAGE_BYTES);
    stage.dropPageCache();
    const placed = await ballast.ask<{
      zone: { node: number; name: string; start: number; end: number };
      ballastPages: number;
      targetPages: number;
      landingRange: [number, number] | null;
    }>(
      'fill',
      { need: { setPages, lruPages: stage.lruPages }, nrPages: stage.ballastPages },
      this.deadlineForBytes(setPages * PAGE_BYTES * 8),
    );
    this.record({
      event: 'placed',
      arm: plan.index,
      zone: placed.zone,
      landingRange: placed.landingRange,
      ballastPages: placed.ballastPages,
      targetPages: placed.targetPages,
    });
    if (placed.landingRange === null) {
      throw new ArmError(
        `placement: too few free pages in zone ${placed.zone.name} of node ${placed.zone.node}`,
      );
    }
    await ballast.ask('land', { cpu: this.cpu }, 60_000);
  }

  private async confirmHeld(): Promise<void> {
    const { plan, stage } = this;
    await this.deadlines.until(
      'the withheld WRITEs to cover the stuck file',
      this.deadlineForBytes(plan.stuckBytes),
      async () =>
        (await stage.client.held({ opcode: 'FUSE_WRITE', limit: 0 })).total.bytes >= plan.stuckBytes,
    );
    const { held } = await stage.client.held({ limit: 100_000 });
    this.record({
      event: 'held',
      arm: plan.index,
      held: held.map(({ unique, opcode, nodeid, offset, size }) => ({
        unique,
        opcode,
        nodeid,
        offset,
        size,
      })),
    });
    stage.progress.step(`${held.length} requests held`);
  }

  private recordSet(
    names: { stuckPfns: string; controlPfns: string },
    sets: Omit<
      Extract<RunEventBody, { event: 'set-named' }>,
      'event' | 'arm' | keyof typeof names | 'stuckFlags'
    >,
  ): void {
    const { run } = this.stage;
    const stuckFlags = `pfns/${this.plan.index}-stuck-flags.u64`;
    const pfns = run.readNumbers(names.stuckPfns) ?? new Float64Array();
    const present = pfns.filter((pfn) => pfn >= 0);
    if (present.length < pfns.length) {
      throw new ArmError(
        `${pfns.length - present.length} of ${pfns.length} stuck folios have no pfn in pagemap`,
      );
    }
    const flags = readKpageflagsOf(present);
    run.write(stuckFlags, new Uint8Array(flags.buffer, flags.byteOffset, flags.byteLength));
    this.record({ event: 'set-named', arm: this.plan.index, ...sets, ...names, stuckFlags });
  }

  private async pullTrigger(trigger: Child, workload: Child): Promise<void> {
    const { plan, stage } = this;
    const comm = trigger.sample()?.comm ?? '';
    this.record({ event: 'trigger-started', arm: plan.index, pid: trigger.pid, comm });
    this.recordVmstat('trigger-started');
    stage.progress.step(`trigger ${plan.trigger.id}`);
    const startedMs = performance.now();
    let ended = false;
    const answer = trigger.start('pull', { trigger: plan.trigger.id }).finally(() => {
      ended = true;
    }) as Promise<{ result: number; startedNs: number; endedNs: number }>;
    answer.catch(() => {});
    const patienceMs = plan.kind === 'fault' ? plan.holdMs : this.deadlineForBytes(plan.stuckBytes) + 30_000;
    const waitedOut = await this.watch(trigger, startedMs + patienceMs, () => ended);
    if (waitedOut) this.recordWaiters(trigger);
    await this.locateAgain(workload, 'hold-ended', 'hold');
    if (plan.kind === 'fault') await this.release();
    const { result, startedNs, endedNs } = await this.deadlines.answer('the trigger to end', 30_000, answer);
    this.record({ event: 'trigger-ended', arm: plan.index, result, startedNs, endedNs });
    this.recordVmstat('trigger-ended');
    stage.progress.step(`trigger ended after ${((endedNs - startedNs) / 1e6).toFixed(0)} ms`);
    await this.locateAgain(workload, 'set-found', 'after');
  }

  /** Samples the trigger's state and stack until it ends (false) or the time is up (true). */
  private async watch(trigger: Child, untilMs: number, ended: () => boolean): Promise<boolean> {
    let nextRecordMs = 0;
    let shown = false;
    while (!ended()) {
      const now = performance.now();
      if (now >= untilMs) return true;
      this.deadlines.check();
      if (!(await this.stage.isServerSound())) throw new ArmError('the daemon or its watchdog was lost');
      const sample = trigger.sample();
      if (sample?.state === 'D' && now >= nextRecordMs) {
        this.record({ event: 'task-sampled', arm: this.plan.index, role: 'trigger', ...sample });
        nextRecordMs = now + 1000;
        if (!shown)
          this.stage.progress.step(`trigger in D state, in ${sample.stack[0] ?? '?'}; waiting out the hold`);
        shown = true;
      }
      await this.deadlines.sleep(Math.min(SAMPLE_INTERVAL_MS, untilMs - now));
    }
    return false;
  }

  /** Who hangs, at the end of the hold: the trigger, our own, and anybody else in D state. */
  private recordWaiters(trigger: Child): void {
    const roles = new Map<number, string>(
      [this.stage.ballast, ...this.children].map((child) => [child.pid, child.role]),
    );
    for (const task of tasksInState('D')) {
      const stack = (task.stack ?? []).map((frame) => frame.symbol);
      const role = roles.get(task.pid) ?? 'other';
      const sample = { pid: task.pid, comm: task.comm, state: task.state, stack };
      this.record({ event: 'task-sampled', arm: this.plan.index, role, ...sample });
      const name = task.pid === trigger.pid ? 'trigger' : `${role}-${task.tid}`;
      this.stage.run.write(
        `stacks/${this.plan.index}-${name}.txt`,
        `${task.comm} ${task.state}\n${stack.join('\n')}\n`,
      );
    }
  }

  private async release(): Promise<void> {
    const { client, progress } = this.stage;
    await client.clearFaults();
    const askedNs = Number(process.hrtime.bigint());
    const { released, bytes } = await client.release({});
    this.record({ event: 'released', arm: this.plan.index, requests: released, bytes, askedNs });
    progress.step(`released ${released} requests`);
  }

  private async locateAgain(
    workload: Child,
    event: 'hold-ended' | 'set-found',
    suffix: string,
  ): Promise<void> {
    const names = this.pfnArtifacts(suffix);
    await workload.ask(
      'locate',
      { ...this.outPaths(names), touch: false },
      this.deadlineForBytes(this.plan.stuckBytes),
    );
    this.record({ event, arm: this.plan.index, ...names });
  }

  private async verify(workload: Child): Promise<void> {
    const bytes = this.plan.stuckBytes + this.plan.controlBytes;
    const verified = await workload.ask<{ fsync: (string | null)[]; cached: number[]; served: number[] }>(
      'verify',
      {},
      this.deadlineForBytes(3 * bytes),
    );
    this.record({ event: 'verified', arm: this.plan.index, ...verified });
    this.recordVmstat('verified');
    await workload.ask('close', {}, 10_000);
  }

  private async stopRecording(recorder: Child): Promise<void> {
    const lostEvents = this.stage.lostEvents();
    const { failure } = await recorder.ask<{ failure: string | null }>('stop', {}, 20_000);
    if (failure !== null) throw new ArmError(`the recorder: ${failure}`);
    this.record({ event: 'trace-ended', arm: this.plan.index, trace: this.traceName(), lostEvents });
  }

  private async spawn(role: Role, entry: string): Promise<Child> {
    const child = await Child.spawn(role, entry, this.stage.state);
    this.children.push(child);
    return child;
  }

  private checkChildren(): void {
    const doomed = [this.stage.ballast, ...this.children].find((child) => child.isDoomed());
    if (doomed !== undefined) throw new ArmError(`the ${doomed.role} process ${doomed.pid} was killed`);
  }

  private record(event: RunEventBody): void {
    this.stage.run.append(event);
  }

  private recordVmstat(when: string): void {
    const vmstat = readVmstat();
    const counters: Record<string, number> = {};
    for (const name of recordedCounters) {
      const value = vmstat.get(name);
      if (value !== undefined) counters[name] = value;
    }
    this.record({ event: 'vmstat', arm: this.plan.index, when, counters });
  }

  private pfnArtifacts(suffix: string): { stuckPfns: string; controlPfns: string } {
    const { index } = this.plan;
    return {
      stuckPfns: `pfns/${index}-stuck-${suffix}.u64`,
      controlPfns: `pfns/${index}-control-${suffix}.u64`,
    };
  }

  private outPaths(names: { stuckPfns: string; controlPfns: string }): {
    stuckOut: string;
    controlOut: string;
  } {
    const { path } = this.stage.run;
    return { stuckOut: join(path, names.stuckPfns), controlOut: join(path, names.controlPfns) };
  }

  private traceName(): string {
    return `trace-${this.plan.index}.txt`;
  }

  private recorderFiles(): { tracePipe: string; trace: string; dmesg: string } {
    const { path } = this.stage.run;
    return {
      tracePipe: this.stage.tracePipe,
      trace: join(path, this.traceName()),
      dmesg: join(path, `dmesg-${this.plan.index}.txt`),
    };
  }

  /** 10 s and the time at a crawling 50 MB/s: a machine may fault memory in for the first time here. */
  private deadlineForBytes(bytes: number): number {
    return 10_000 + bytes / 50_000;
  }
}

function mebibytes(bytes: number): string {
  return `${bytes / (1 << 20)} MiB`;
}
