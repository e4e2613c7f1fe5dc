/**
 * What every way of asking the kernel for migration declares of itself.  The asking is done by a process of
 * its own (trigger-main.ts), since it may hang, uninterruptibly, for as long as a folio is stuck.
 */

/** enum migrate_mode (include/linux/migrate_mode.h). */
export type MigrateMode = 'MIGRATE_ASYNC' | 'MIGRATE_SYNC_LIGHT' | 'MIGRATE_SYNC';

/** enum migrate_reason, as the tracepoints print it (include/trace/events/migrate.h). */
export type MigrateReason = 'compaction';

export interface Trigger {
  /** Stable, slash-free. */
  readonly id: string;
  readonly description: string;
  readonly migrateMode: MigrateMode;
  readonly migrateReason: MigrateReason;
  /** The kernel function that does the asking. */
  readonly kernelFunction: string;
  /** True where it can take memory or service from the host for good: VM only, or an explicit flag. */
  readonly harmsHost: boolean;
  /** The requirement that this machine lacks, with the remedy; undefined where it can run. */
  missing(): string | undefined;
  /** Runs in the trigger's process. Blocks until the kernel is done. Answers 0 or -errno. */
  pull(): number;
}
