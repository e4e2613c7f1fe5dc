/**
 * The shape of an expectation, the kernel functions that decide more than one of them, and what is expected of more than
 * one trigger.
 */
import type { ArmKind } from '../../record/arm-design.js';
import type { Outcome } from '../outcome.js';

/** What a run can see of its kernel. */
export interface KernelFeatures {
  /** The page-cache folio itself is under writeback until the server replies; before 6.16 a copy was. */
  readonly writebackInPlace: boolean | undefined;
}

/** How a run finds out what its kernel has: never by its version. */
export const featureProbes: Readonly<Record<keyof KernelFeatures, string>> = {
  writebackInPlace:
    'KPF_WRITEBACK in /proc/kpageflags on every folio whose WRITE is out; not so where nr_writeback_temp of ' +
    '/proc/vmstat grows by as many pages instead (by that counter alone where no folio is under writeback)',
};

export interface Expectation {
  readonly scenario: string;
  readonly trigger: string;
  readonly arm: ArmKind;
  /** Only arms with this mitigation; absent: arms without one. */
  readonly mitigation?: string;
  /** Only arms of this variant; absent: all that have no expectation of their own before it. */
  readonly variant?: string;
  /** Only where the kernel has (true) or lacks (false) it. */
  readonly feature?: readonly [keyof KernelFeatures, boolean];
  readonly outcome: Outcome;
  /** Whether the mitigation must free the set; absent where it does not claim to. */
  readonly frees?: boolean;
  readonly decidedBy: string;
}

export const moves = 'move_to_new_folio() (mm/migrate.c)';
export const waitsForWriteback =
  'migrate_folio_unmap(): folio_wait_writeback() in MIGRATE_SYNC (mm/migrate.c)';
export const waitsForLock =
  'migrate_folio_unmap(): folio_lock() in MIGRATE_SYNC (mm/migrate.c; __unmap_and_move() in older kernels)';
export const hasReference =
  '__migrate_folio(): an unexpected reference (mm/migrate.c; folio_migrate_mapping() before 6.11)';
export const copies = 'fuse_writepages_fill(): writeback of a temporary copy (fs/fuse/file.c before 6.16)';

/** Where nothing is withheld all folios move, whoever asks. */
export function controlsMove(trigger: string, scenarios: readonly string[]): Expectation[] {
  return scenarios.map((scenario) => ({
    scenario,
    trigger,
    arm: 'control',
    outcome: 'migrated',
    decidedBy: moves,
  }));
}

/** @param inPlace where the page-cache folio itself is under writeback; where a copy is, nothing keeps it */
export function underWriteback(
  trigger: string,
  scenario: string,
  inPlace: Pick<Expectation, 'outcome' | 'decidedBy'>,
): Expectation[] {
  const common = { scenario, trigger, arm: 'fault' } as const;
  return [
    { ...common, feature: ['writebackInPlace', true], ...inPlace },
    { ...common, feature: ['writebackInPlace', false], outcome: 'migrated', decidedBy: copies },
  ];
}
