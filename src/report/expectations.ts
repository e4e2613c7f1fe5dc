/**
 * What each kernel is expected to do, as data: (scenario, trigger, arm, feature) → outcome, with the kernel
 * function that decides it.  Features are what the run itself saw of the kernel, never its version.
 */
import type { ArmKind } from '../record/events.js';
import type { Outcome } from './outcome.js';

/** What a run can see of its kernel. */
export interface KernelFeatures {
  /** The page-cache folio itself is under writeback until the server replies; before 6.16 a copy was. */
  readonly writebackInPlace: boolean | undefined;
}

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
  readonly decidedBy: string;
}

const moves = 'move_to_new_folio() (mm/migrate.c)';
const waitsForWriteback = 'migrate_folio_unmap(): folio_wait_writeback() in MIGRATE_SYNC (mm/migrate.c)';
const hasReference = '__folio_migrate_mapping(): an unexpected reference (mm/migrate.c)';
const copies = 'fuse_writepages_fill(): writeback of a temporary copy (fs/fuse/file.c before 6.16)';

/** Without a server that withholds anything, all folios move. */
const controls: readonly Expectation[] = [
  'healthy',
  'writeback-held',
  'writeback-held-mmap',
  'writeback-delayed',
  'readahead-withheld',
  'splice-pinned',
  'splice-moved',
  'cable-trip',
  'untrusted-mount',
].map((scenario) => ({
  scenario,
  trigger: 'compact',
  arm: 'control',
  outcome: 'migrated',
  decidedBy: moves,
}));

/** A folio under writeback is waited for, where it is the page-cache folio itself. */
const underWriteback: readonly Expectation[] = [
  'writeback-held',
  'writeback-held-mmap',
  'writeback-delayed',
  'cable-trip',
  'untrusted-mount',
].flatMap((scenario): Expectation[] => [
  {
    scenario,
    trigger: 'compact',
    arm: 'fault',
    feature: ['writebackInPlace', true],
    outcome: 'stalled',
    decidedBy: waitsForWriteback,
  },
  {
    scenario,
    trigger: 'compact',
    arm: 'fault',
    feature: ['writebackInPlace', false],
    outcome: 'migrated',
    decidedBy: copies,
  },
]);

/** Callers of migrate_pages() in MIGRATE_SYNC that are told what to move: they wait, and fail, as compaction does. */
const ofAskedMoves: readonly Expectation[] = [
  ['move-pages', waitsForWriteback],
  ['migrate-pages', waitsForWriteback],
  ['mbind', waitsForWriteback],
  ['offline', waitsForWriteback],
  ['soft-offline', 'soft_offline_in_use_page(): folio_wait_writeback() (mm/memory-failure.c)'],
].flatMap(([trigger = '', waits = '']) => [
  ...['healthy', 'writeback-held', 'writeback-held-mmap', 'splice-pinned'].map(
    (scenario): Expectation => ({
      scenario,
      trigger,
      arm: 'control',
      outcome: 'migrated',
      decidedBy: moves,
    }),
  ),
  ...['writeback-held', 'writeback-held-mmap'].flatMap((scenario): Expectation[] => [
    {
      scenario,
      trigger,
      arm: 'fault',
      feature: ['writebackInPlace', true],
      outcome: 'stalled',
      decidedBy: waits,
    },
    {
      scenario,
      trigger,
      arm: 'fault',
      feature: ['writebackInPlace', false],
      outcome: 'migrated',
      decidedBy: copies,
    },
  ]),
  // offline_pages() has no failure of its own: it goes on until the reference is gone.
  ...(trigger === 'offline'
    ? []
    : [
        {
          scenario: 'splice-pinned',
          trigger,
          arm: 'fault',
          feature: ['writebackInPlace', true],
          outcome: 'failed',
          decidedBy: hasReference,
        } as const,
      ]),
]);

const ofCompact: readonly Expectation[] = [
  ...controls,
  ...underWriteback,
  {
    scenario: 'readahead-withheld',
    trigger: 'compact',
    arm: 'fault',
    outcome: 'stalled',
    decidedBy: 'migrate_folio_unmap(): folio_lock() in MIGRATE_SYNC (mm/migrate.c)',
  },
  {
    scenario: 'splice-pinned',
    trigger: 'compact',
    arm: 'fault',
    feature: ['writebackInPlace', false],
    outcome: 'migrated',
    decidedBy: copies,
  },
  {
    scenario: 'splice-pinned',
    trigger: 'compact',
    arm: 'fault',
    feature: ['writebackInPlace', true],
    outcome: 'failed',
    decidedBy: hasReference,
  },
  {
    scenario: 'splice-moved',
    trigger: 'compact',
    arm: 'fault',
    outcome: 'migrated',
    decidedBy: `fuse_try_move_folio() (fs/fuse/dev.c), then ${moves}`,
  },
];

export const expectations: readonly Expectation[] = [
  ...ofCompact,
  // The same compact_node(), of one node.
  ...ofAskedMoves,
  ...ofCompact.map((expectation) => ({ ...expectation, trigger: 'compact-node' })),
];

export function expectationFor(
  cell: {
    readonly scenario: string;
    readonly trigger: string;
    readonly kind: ArmKind;
    readonly variant?: string | undefined;
    readonly mitigation: string;
  },
  features: KernelFeatures,
): Expectation | undefined {
  return expectations.find(
    (expectation) =>
      expectation.scenario === cell.scenario &&
      expectation.trigger === cell.trigger &&
      expectation.arm === cell.kind &&
      (expectation.mitigation ?? 'none') === cell.mitigation &&
      (expectation.variant === undefined || expectation.variant === cell.variant) &&
      (expectation.feature === undefined || features[expectation.feature[0]] === expectation.feature[1]),
  );
}
