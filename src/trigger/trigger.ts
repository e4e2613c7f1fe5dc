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

/** What a trigger is pointed at. */
export interface TriggerTarget {
  readonly workloadPid: number;
  /** By page index of the stuck file, -1 where it is not known. */
  readonly stuckPfns: Float64Array;
  /** How many huge pages to ask for: as many as there are pageblocks with folios of the stuck set. */
  readonly hugePages: number;
  /** Where the workload has the stuck file mapped, and its descriptor there; undefined where it has not. */
  readonly mapping: { readonly address: bigint; readonly bytes: number; readonly fd: number } | undefined;
}

export interface TriggerResult {
  /** 0 or -errno. */
  readonly result: number;
  /** Of a trigger that allocates: how many huge pages it asked for, and how many it was given. */
  readonly wanted?: number;
  readonly obtained?: number;
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
  /** The requirement that this machine lacks, with the remedy; undefined where it can run. */
  missing(): string | undefined;
  /** Runs in the trigger's process. Blocks until the kernel is done. */
  pull(target: TriggerTarget): TriggerResult;
}
