/**
 * Arms with a mitigation, under `compact`: up to its act they go as the arm without it, and then the set is free, or
 * not.
 */
import { copies, type Expectation, hasReference, waitsForLock, waitsForWriteback } from './expectation.js';

/** What frees the folios, by mitigation. */
const frees: Readonly<Record<string, string>> = {
  release: 'fuse_dev_do_write() (fs/fuse/dev.c)',
  abort: 'fuse_abort_conn() (fs/fuse/dev.c)',
  'request-timeout': 'fuse_check_timeout() (fs/fuse/dev.c)',
  'kill-server': 'fuse_dev_release() (fs/fuse/dev.c)',
};

function freeing(withTimeout: boolean): [mitigation: string, by: string][] {
  return Object.entries(frees).filter(([mitigation]) => withTimeout || mitigation !== 'request-timeout');
}

type Common = Pick<Expectation, 'scenario' | 'variant' | 'feature' | 'decidedBy'>;

const writeback = ['writeback-held', 'writeback-held-mmap', 'cable-trip'].map(
  (scenario): Common => ({
    scenario,
    feature: ['writebackInPlace', true],
    decidedBy: waitsForWriteback,
  }),
);
const lock: Common = { scenario: 'readahead-withheld', variant: 'fadvise', decidedBy: waitsForLock };

/** The kernel's timeout takes half a minute to show: where the request is a WRITE, and where it is a READ. */
const timedOut: ReadonlySet<string> = new Set(['writeback-held', 'readahead-withheld']);

const stalled = [...writeback, lock].flatMap((common) =>
  freeing(timedOut.has(common.scenario)).map(
    ([mitigation, by]): Expectation => ({
      ...common,
      trigger: 'compact',
      arm: 'fault',
      mitigation,
      outcome: 'stalled',
      frees: true,
      decidedBy: `${common.decidedBy}; freed by ${by}`,
    }),
  ),
);

/** The references are those of the server's pipes: they outlive the connection, not the server. */
const pinned = freeing(false).map(
  ([mitigation, by]): Expectation => ({
    scenario: 'splice-pinned',
    trigger: 'compact',
    arm: 'fault',
    mitigation,
    feature: ['writebackInPlace', true],
    outcome: 'failed',
    frees: mitigation !== 'abort',
    decidedBy: `${hasReference}; ${mitigation === 'abort' ? 'the pipe keeps it' : `freed by ${by}`}`,
  }),
);

/** It frees nothing: what can get stuck is less. */
const limited: Expectation = {
  scenario: 'writeback-held',
  trigger: 'compact',
  arm: 'fault',
  mitigation: 'bdi-limit',
  feature: ['writebackInPlace', true],
  outcome: 'stalled',
  decidedBy: `${waitsForWriteback}; balance_dirty_pages() stops the writer (mm/page-writeback.c)`,
};

const ofStuck: readonly Expectation[] = [...stalled, ...pinned, limited];

/** Where a copy is written back nothing is stuck: there is nothing that a mitigation could free. */
const ofCopies = ofStuck
  .filter(({ feature }) => feature !== undefined)
  .map(
    ({ frees: _, ...expected }): Expectation => ({
      ...expected,
      feature: ['writebackInPlace', false],
      outcome: 'migrated',
      decidedBy: copies,
    }),
  );

export const mitigated: readonly Expectation[] = [...ofStuck, ...ofCopies];
