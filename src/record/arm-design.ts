/** What is said of an arm before it is played: which arms there are, what is stuck in them, by what, and how it is let go. */

export type ArmKind = 'control' | 'fault';

/**
 * What keeps a folio of the stuck set where it is: it is under writeback, it is locked and not up to date, or
 * somebody has an extra reference to it.
 */
export type StuckBy = 'writeback' | 'lock' | 'reference';

/** How many of the stuck file's folios must be pages that the server gave away (SPLICE_F_MOVE). */
export type ServerPages = 'none' | 'all';

/** What folios an arm about large folios makes, and what room there is for them. */
export interface FolioDesign {
  /** Whose they are: of a file on an XFS image, of the hugetlb pool, or anonymous base pages. */
  readonly memory: 'xfs' | 'hugetlb' | 'anonymous';
  readonly order: number;
  /** Of the filesystem; null where there is none. */
  readonly blockBytes: number | null;
  /**
   * `dirty`: iomap keeps its per-block state on them; `dirty-whole`: dirty, and it has none; null where there is no
   * filesystem.
   */
  readonly state: 'clean' | 'dirty' | 'dirty-whole' | null;
  /** Migration finds targets of order 0 only. */
  readonly fragmented: boolean;
}

export interface PlannedCell {
  readonly cell: number;
  /** Which time this cell of the run is played, counted from 1. */
  readonly repeat: number;
  readonly scenario: string;
  readonly trigger: string;
  readonly transport: string;
  readonly arms: readonly {
    readonly kind: ArmKind;
    readonly variant: string | null;
    /** `none` where there is none. */
    readonly mitigation: string;
  }[];
}

/**
 * How the stuck set is let go: a release, the cable plugged in again, a network link set up again, the server's own
 * delay, or a mitigation that ends the connection.
 */
export type LetGo = 'release' | 'plug' | 'link-up' | 'delay' | 'abort' | 'kill-server' | 'request-timeout';
