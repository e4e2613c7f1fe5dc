/**
 * What every way of asking the kernel for migration declares of itself.  The asking is done by a process of
 * its own (trigger-main.ts), since it may hang, uninterruptibly, for as long as a folio is stuck.
 */

/** enum migrate_mode (include/linux/migrate_mode.h). */
export type MigrateMode = 'MIGRATE_ASYNC' | 'MIGRATE_SYNC_LIGHT' | 'MIGRATE_SYNC';

/** enum migrate_reason, as the tracepoints print it (include/trace/events/migrate.h). */
export type MigrateReason =
  | 'compaction'
  | 'memory_failure'
  | 'memory_hotplug'
  | 'syscall_or_cpuset'
  | 'mempolicy_mbind'
  | 'contig_range';

/** Where the workload has the stuck file mapped, and its descriptor there. */
export interface Mapping {
  readonly address: bigint;
  readonly bytes: number;
  readonly fd: number;
}

/** What a trigger is pointed at. */
export interface TriggerTarget {
  readonly workloadPid: number;
  /** By page index of the stuck file, -1 where it is not known. */
  readonly stuckPfns: Float64Array;
  /** pfn / 512 of those with folios of the stuck set: once all of them are huge pages there is nothing more to be shown. */
  readonly pageblocks: readonly number[];
  /** How many huge pages to ask for at most: more than there are pageblocks with folios of the stuck set. */
  readonly hugePages: number;
  /** undefined where the workload has not mapped the stuck file. */
  readonly mapping: Mapping | undefined;
}

/**
 * Which folios it got to: those of ranges that were isolated from as mm_compaction_isolate_migratepages has them
 * (compaction, and alloc_contig_range(), which isolates in the same way), or those that it asked the kernel to move, by
 * address or by frame.
 */
export type Reach = 'scanner' | 'asked';

/** An errno by which the kernel says that it did not move the folios: evidence, where any other is a failure to ask. */
export interface Answer {
  readonly errno: number;
  readonly means: string;
}

/** A file below /proc/sys or /sys that the trigger writes itself. */
export interface FileChange {
  readonly path: string;
  readonly value: string;
  /** What brings the value of before back, where that takes another word than the file shows. */
  readonly putBackWith?: string;
}

/** Page frame numbers, [start, end). */
export type FrameRange = readonly [start: number, end: number];

export interface TriggerResult {
  /** 0 or -errno. */
  readonly result: number;
  /**
   * Frames that it asked to have emptied, and by which an arm with `reach` `asked` is measured: whatever else is in the set
   * was not asked for. Absent where it asked for nothing.
   */
  readonly asked?: readonly FrameRange[];
  /** What move_pages(2) answered for each page, counted: `node 1`, `EBUSY`, `none`. */
  readonly pageStatus?: Readonly<Record<string, number>>;
  /** Of memory that is taken out: what the machine said of it, how many blocks it had, and how many are there still. */
  readonly unplugged?: { readonly said: string; readonly blocks: number; readonly blocksLeft: number };
  /** Of a trigger that allocates: how many huge pages it asked for, and how many it was given. */
  readonly wanted?: number;
  readonly obtained?: number;
  /** Where it was given none: of each range that it might have been, what in it cannot be moved. */
  readonly keptBy?: readonly string[];
}

export interface Trigger {
  /** Stable, slash-free. */
  readonly id: string;
  readonly description: string;
  /** In the order in which the kernel tries them. */
  readonly migrateModes: readonly MigrateMode[];
  readonly migrateReason: MigrateReason;
  /** The kernel function that does the asking. */
  readonly kernelFunction: string;
  /** True where it can take memory or service from the host for good: VM only, or an explicit flag. */
  readonly harmsHost: boolean;
  /** Absent: `scanner`. */
  readonly reach?: Reach;
  /** Absent: none. */
  readonly answers?: readonly Answer[];
  /** It waits for the folio before it calls migrate_pages(): then mm_migrate_pages_start comes after the wait. */
  readonly waitsBeforeMigration?: true;
  /** Not its own process migrates, but a worker of the kernel's that has `kernelFunction` in its stack. */
  readonly byWorker?: true;
  /**
   * It drops clean page cache before it moves anything: the sets are locked in memory (mlock(2)), which such folios are
   * spared for, and so are moved.
   */
  readonly reclaimsClean?: true;
  /** It empties a range of the kernel's choice, or finds none that it can empty, however often it is asked. */
  readonly emptiesRange?: true;
  /** What cannot be moved it tries again and again, until it can. */
  readonly goesOn?: true;
  /**
   * Brings the memory that it will take away, before the sets are made: they come to lie in it, and need no placement.
   * @returns false where this machine can do without
   * @throws {Error} where that cannot be had
   */
  bringMemory?(): Promise<boolean>;
  /** What it will write to: written down before it is pulled, put back when it has ended. */
  changes?(target: Pick<TriggerTarget, 'stuckPfns' | 'hugePages'>): readonly FileChange[];
  /**
   * It asks for huge pages: before it is pulled all are taken that can be had elsewhere, so that they can come out of
   * the pageblocks of the stuck set only.
   */
  readonly allocatesHugePages?: true;
  /** What it takes it keeps until its process ends: that serves no other arm. */
  readonly keepsUntilEnd?: true;
  /** The requirement that this machine lacks, with the remedy; undefined where it can run. */
  missing(): string | undefined;
  /** Runs in the trigger's process. Blocks until the kernel is done. */
  pull(target: TriggerTarget): TriggerResult;
  /** What is looked up once the kernel has answered, and is no part of the time that took. */
  explain?(answer: TriggerResult): Pick<TriggerResult, 'keptBy'>;
}
