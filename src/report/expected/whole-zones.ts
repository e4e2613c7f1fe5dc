/** `compact` and `compact-node`: whole zones in MIGRATE_SYNC (compact_node() in mm/compaction.c). */
import {
  copies,
  type Expectation,
  hasReference,
  moves,
  waitsForLock,
  waitsForWriteback,
} from './expectation.js';

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

const ofCompact: readonly Expectation[] = [
  ...controls,
  ...underWriteback,
  {
    scenario: 'readahead-withheld',
    trigger: 'compact',
    arm: 'fault',
    outcome: 'stalled',
    decidedBy: waitsForLock,
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

export const wholeZones: readonly Expectation[] = [
  ...ofCompact,
  // The same compact_node(), of one node.
  ...ofCompact.map((expectation) => ({ ...expectation, trigger: 'compact-node' })),
];
