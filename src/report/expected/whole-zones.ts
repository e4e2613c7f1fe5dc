/** `compact` and `compact-node`: whole zones in MIGRATE_SYNC (compact_node() in mm/compaction.c). */
import {
  controlsMove,
  type Expectation,
  hasReference,
  moves,
  underWriteback,
  waitsForLock,
  waitsForWriteback,
} from './expectation.js';

const ofCompact: readonly Expectation[] = [
  ...controlsMove('compact', [
    'healthy',
    'writeback-held',
    'writeback-held-mmap',
    'writeback-delayed',
    'readahead-withheld',
    'splice-pinned',
    'splice-moved',
    'cable-trip',
    'untrusted-mount',
  ]),
  // A folio under writeback is waited for.
  ...['writeback-held', 'writeback-held-mmap', 'writeback-delayed', 'cable-trip', 'untrusted-mount'].flatMap(
    (scenario) => underWriteback('compact', scenario, { outcome: 'stalled', decidedBy: waitsForWriteback }),
  ),
  {
    scenario: 'readahead-withheld',
    trigger: 'compact',
    arm: 'fault',
    outcome: 'stalled',
    decidedBy: waitsForLock,
  },
  ...underWriteback('compact', 'splice-pinned', { outcome: 'failed', decidedBy: hasReference }),
  {
    scenario: 'splice-moved',
    trigger: 'compact',
    arm: 'fault',
    outcome: 'migrated',
    decidedBy: `fuse_try_move_folio() (fs/fuse/dev.c), then ${moves}`,
  },
];

/** NFS has never written temporary copies back: its folios are under writeback on every kernel. */
const ofNfs: readonly Expectation[] = [
  ...controlsMove('compact', ['nfs-cable-trip']),
  {
    scenario: 'nfs-cable-trip',
    trigger: 'compact',
    arm: 'fault',
    outcome: 'stalled',
    decidedBy: `${waitsForWriteback}; __unmap_and_move() in older kernels`,
  },
];

export const wholeZones: readonly Expectation[] = [
  ...ofNfs,
  ...ofCompact,
  // The same compact_node(), of one node.
  ...ofCompact.map((expectation) => ({ ...expectation, trigger: 'compact-node' })),
];
