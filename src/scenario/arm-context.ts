/**
 * What the parts of an arm share: its plan, its stage, the children, the record, and waiting that breaks off when
 * there is no point in it any more.
 */
import { StuckfsError } from '../base/errors.js';
import type { ControlClient } from '../control/client/client.js';
import { readVmstat, refreshVmstat } from '../kernel/vmstat.js';
import type { RunEventBody } from '../record/events.js';
import type { RunDirectory } from '../record/run-directory.js';
import type { StateDirectory } from '../safety/state-directory.js';
import { firstAllowedCpu } from '../syscall/process.js';
import type { FileChange, Trigger } from '../trigger/trigger.js';
import { Child, type Role } from './child.js';
import type { Crew } from './crew.js';
import { Deadlines } from './deadlines.js';
import type { Progress } from './progress.js';
import type { Scarcity } from './scarcity.js';
import type { ArmDesign, Scenario, TransportName } from './scenario.js';
import type { Answered } from './server.js';

export interface ArmPlan {
  /** Of all arms played in this run, attempts included. */
  readonly index: number;
  /** Which cell of the run, counted from 0. */
  readonly cell: number;
  /** Counted from 1. */
  readonly attempt: number;
  readonly design: ArmDesign;
  readonly transport: TransportName;
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
  /** As the workload sees it. */
  readonly mountPoint: string;
  /** A command in front of the workload's, which takes it to where the mount is. */
  readonly workloadThrough: readonly string[];
  /** "MAJOR:MINOR". */
  readonly device: string;
  readonly tracePipe: string;
  /**
   * Begins the recording of events: just before the trigger, so that the record itself disturbs nothing before; and
   * for as long as the page cache is filled, where only the trace names its folios.
   */
  readonly startTracing: () => void;
  /** Ends the recording of events; what is in the buffers stays readable. */
  readonly stopTracing: () => void;
  /** From then on the trace names those of these frames, first and last, that are freed, instead of the page cache. */
  readonly recordFrees: (frames: readonly [first: number, last: number]) => void;
  readonly lostEvents: () => number;
  /** A line written there appears in the trace, with the pid of its writer. */
  readonly traceMarker: string;
  /** So that no large folio of another filesystem lies on the scanner's way. */
  readonly dropPageCache: () => void;
  /** So that what the ballast frees now is seen by compaction. */
  readonly shortenCpuLists: () => void;
  /** Written down before the trigger is pulled. @returns puts back what the trigger has changed */
  readonly expectChanges: (changes: readonly FileChange[]) => () => void;
  readonly scarcity: Pick<Scarcity, 'begin' | 'take' | 'takeReady' | 'giveBack'>;
  /** Adds to the pool of hugetlb pages; how many came of it. */
  readonly addHugePages: (hugePages: number) => number;
  readonly progress: Progress;
  /** Aborted when the run is interrupted. */
  readonly signal: AbortSignal;
  /** Where the children are written down. */
  readonly state: StateDirectory;
  /** One for all arms of the run. */
  readonly ballast: Child;
  /** Children of arms before this one. */
  readonly crew: Crew;
  /** Movable pages in the zone without it. */
  readonly lruPages: number;
  /** How much of it, so that the folios land low in the zone. */
  readonly ballastPages: number;
  /** The number of the FUSE connection. */
  readonly connection: number;
  /** What the server had answered before this arm. */
  readonly answeredBefore: Answered;
  /** SIGKILL, announced to its watchdog. Resolves when the process is gone. */
  readonly killServer: () => Promise<void>;
  /** Of the link to an NFS server; CLOCK_MONOTONIC just before. */
  readonly setLinkUp: (isUp: boolean) => Promise<number>;
  /** The daemon and its watchdog are what they were. */
  readonly isServerSound: () => Promise<boolean>;
}

const recordedCounters = [
  'nr_writeback',
  'nr_writeback_temp',
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

/** Found before the arm begins: the machine lacks what it needs, which is no failure of the arm. */
export class ArmLacksError extends StuckfsError {
  override readonly code = 'ARM_LACKS';
}

/** The arm cannot go on; what is recorded so far is judged `unknown` with this reason. */
export class ArmError extends StuckfsError {
  override readonly code = 'ARM';
}

export class ArmContext {
  readonly deadlines: Deadlines;
  /** There is memory for the sets that nobody had before: the kernel takes ZONE_MOVABLE first for page cache. */
  isMemoryBrought = false;
  /** By the file that they run, where the next arm may have them. */
  private readonly entries = new Map<Child, string | undefined>();
  /** Where pages are freed and allocated, as free pages are kept by CPU. */
  readonly cpu = Math.max(0, firstAllowedCpu());

  /** Set as soon as there is a trigger's process, which hangs in it where somebody else's folios are stuck. */
  compactMemory: () => Promise<void> = () => Promise.reject(new ArmError('there is no trigger'));

  /** Set as soon as there is a recorder: the trace as recorded so far, once recording is off. */
  readTrace: () => Promise<string> = () => Promise.reject(new ArmError('there is no recorder'));

  constructor(
    readonly plan: ArmPlan,
    readonly stage: ArmStage,
  ) {
    this.deadlines = new Deadlines(stage.signal, () => this.checkChildren());
  }

  get children(): readonly Child[] {
    return [...this.entries.keys()];
  }

  /** @param through a command in front of node's: then it is this arm's alone */
  async spawn(role: Role, entry: string, through: readonly string[] = []): Promise<Child> {
    const isShared = through.length === 0;
    const { crew, state } = this.stage;
    const child = await (isShared ? crew.take(role, entry) : Child.spawn(role, entry, state, through));
    this.entries.set(child, isShared ? entry : undefined);
    return child;
  }

  /** Ends every child but those that the next arm may have; whatever is left in D state by then the cleanup ends. */
  async dismiss(mayServeAgain: (child: Child) => boolean, withinMs: number): Promise<void> {
    const { crew } = this.stage;
    const ended = [...this.entries].filter(
      ([child, entry]) => entry === undefined || !mayServeAgain(child) || !crew.giveBack(entry, child),
    );
    this.entries.clear();
    await Promise.all(ended.map(([child]) => child.end(withinMs)));
  }

  private checkChildren(): void {
    const doomed = [this.stage.ballast, ...this.children].find((child) => child.isDoomed());
    if (doomed !== undefined) throw new ArmError(`the ${doomed.role} process ${doomed.pid} was killed`);
  }

  /** The server withholds something, and has to let go of it. */
  get withholds(): boolean {
    return this.plan.design.misbehaviour.kind !== 'none';
  }

  /** The folios are read in, not written. */
  get reads(): boolean {
    return readsIn(this.plan.design);
  }

  /** Of the stuck and the control file together, as the workload writes them. */
  get bothBytes(): number {
    return this.plan.stuckBytes + this.plan.controlBytes;
  }

  record(event: RunEventBody): void {
    this.stage.run.append(event);
  }

  recordVmstat(when: string): void {
    refreshVmstat();
    const vmstat = readVmstat();
    const counters: Record<string, number> = {};
    for (const name of recordedCounters) {
      const value = vmstat.get(name);
      if (value !== undefined) counters[name] = value;
    }
    this.record({ event: 'vmstat', arm: this.plan.index, when, counters });
  }

  /** 10 s and the time at a crawling 50 MB/s: a machine may fault memory in for the first time here. */
  deadlineForBytes(bytes: number): number {
    return deadlineMsForBytes(bytes);
  }
}

export function readsIn({ workload }: ArmDesign): boolean {
  return workload === 'read-ahead' || workload === 'read-sequential';
}

/** See ArmContext.deadlineForBytes. */
export function deadlineMsForBytes(bytes: number): number {
  return 10_000 + bytes / 50_000;
}
