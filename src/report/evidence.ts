/**
 * The evidence of one arm, gathered from the run directory: events, pfns, flags and trace are joined here, and
 * nothing is judged.  The join: held request (unique, nodeid, offset) → inode and index → pfn → waiting task.
 */
import type { ArmKind, LetGo, StuckBy } from '../record/arm-design.js';
import type { FoliosEvidence } from './folios.js';
import type { MitigationEvidence } from './mitigation.js';
import type { LoggedFailure } from './offline-log.js';
import type { ServerPagesEvidence } from './server-pages.js';
import type { UntrustedEvidence } from './untrusted.js';

export interface WaitsFor {
  /** "MAJOR:MINOR". */
  readonly bdi: string;
  readonly inode: number;
  readonly index: number;
  /** Of the folio, where the stuck set holds it. */
  readonly pfn?: number | undefined;
  /** Of the held request that covers the index, decimal. */
  readonly unique?: string | undefined;
  /** The trace event that names it; one of isolation names a range, and the folio is the likeliest in it. */
  readonly namedBy: 'folio_wait_writeback' | 'mm_compaction_isolate_migratepages';
}

export interface Waiter {
  readonly role: string;
  readonly pid: number;
  readonly comm: string;
  readonly state: string;
  /** Symbols, innermost first. */
  readonly stack: readonly string[];
  readonly waitsFor?: WaitsFor | undefined;
}

/** Huge pages asked for, and had; and how many pageblocks of the stuck set they took. */
export interface CostEvidence {
  readonly wanted: number;
  readonly obtained: number;
  /** Taken before the sets came, so that there were no others. */
  readonly takenBefore: number;
  /** Everything that could be had was taken before. */
  readonly exhausted: boolean;
  /** With folios of the stuck set; and those of them that are wholly a huge page afterwards. */
  readonly pageblocks: number;
  readonly pageblocksFreed: number;
  /** Folios of the stuck set in the latter; of those, seen at another pfn, and not seen at all: reclaimed. */
  readonly stuckInFreed: number;
  readonly stuckInFreedMoved: number;
  readonly stuckInFreedGone: number;
  /** What the counters of direct compaction rose by, of the whole machine. */
  readonly compactStall: number | null;
  readonly compactFail: number | null;
  readonly compactSuccess: number | null;
}

export interface ArmEvidence {
  readonly arm: number;
  readonly cell: number;
  /** Which time the cell was played in this run, counted from 1. */
  readonly repeat: number;
  readonly kind: ArmKind;
  readonly variant: string | undefined;
  readonly scenario: string;
  readonly transport: string;
  readonly trigger: string;
  readonly mitigation: string;
  /** Counted from 1: an arm whose folios the scanner did not reach is played again. */
  readonly attempt: number;
  /** What broke the arm before it was through. */
  readonly failure: string | undefined;
  /** What keeps the set where it is; null where nothing does. */
  readonly stuckBy: StuckBy | null;
  /** How late the server answers by itself. */
  readonly delayMs: number | undefined;
  readonly letGo: LetGo | undefined;
  /** The whole connection hangs, and `heldOthers` must show it. */
  readonly allHangs: boolean;
  readonly heldRequests: number;
  /** Of them, those that are not about the pages of a file. */
  readonly heldOthers: number;
  readonly heldBytes: number;
  /** Still held when the release was asked for. */
  readonly releasedRequests: number | undefined;
  /** Folios of the stuck set that a held request covers. */
  readonly heldFolios: number;
  readonly stuckFolios: number;
  /** Of the stuck set, with KPF_WRITEBACK before the trigger. */
  readonly stuckWriteback: number;
  /** The same with KPF_LOCKED and without KPF_UPTODATE. */
  readonly stuckLocked: number;
  /** Seen in their place at the end of the hold; by their flags where they cannot be mapped. */
  readonly stuckStill: number;
  /** Of those that were reached. */
  readonly stuckReachedStill: number;
  /** This kernel keeps the page-cache folio itself under writeback (6.16+), as kpageflags shows; undefined where it did not come so far. */
  readonly writebackInPlace: boolean | undefined;
  readonly stuckReached: number;
  /** Of those that were reached. */
  readonly stuckReachedMoved: number;
  /** Before the release where there is one, else after the trigger. */
  readonly stuckMoved: number;
  /**
   * In ranges of passes that leave out no folio: MIGRATE_ASYNC direct compaction leaves a pageblock at the first that
   * it cannot isolate (skip_on_failure in isolate_migratepages_block()), and its ranges do not tell.
   */
  readonly stuckPassed: number;
  /** The same, each folio as often as a pass went by it. */
  readonly stuckMet: number;
  readonly controlPassed: number;
  /** Of those, seen at another pfn; and not seen at all: reclaimed, or in the middle of a move. */
  readonly controlPassedMoved: number;
  readonly controlPassedGone: number;
  /** What the trigger asked for and got; undefined where it allocates nothing, a text says why it is not known. */
  readonly cost: CostEvidence | string | undefined;
  readonly controlFolios: number;
  readonly controlReached: number;
  readonly controlMoved: number;
  /** The same after the release: what was stuck can be moved once it is not. */
  readonly stuckMovedAtEnd: number;
  /** Of those that were reached. */
  readonly stuckReachedMovedAtEnd: number;
  readonly triggerMs: number | undefined;
  readonly triggerResult: number | undefined;
  /** What that errno means, where it is an answer. */
  readonly triggerAnswer?: string | undefined;
  /** `asked`: reached are the folios that the trigger asked for; absent: those where compaction scanned. */
  readonly reach?: 'asked' | undefined;
  /** Of a trigger that has a range emptied: what it was given, and in how many ranges anything was looked for to be moved. */
  readonly emptied?:
    | {
        readonly wanted: number | undefined;
        readonly obtained: number | undefined;
        readonly scannedRanges: number;
        /** Of each range that it might have been given, what cannot be moved. */
        readonly keptBy?: readonly string[] | undefined;
      }
    | undefined;
  /** It waits for a folio before it begins to migrate. */
  readonly waitsBeforeMigration?: true | undefined;
  /** Of move_pages(2): how many pages were answered what. */
  readonly pageStatus?: Readonly<Record<string, number>> | undefined;
  /** Of memory that was taken out: what the machine said, how many blocks it had, how many were there still. */
  readonly unplugged?:
    | { readonly said: string; readonly blocks: number; readonly blocksLeft: number }
    | undefined;
  readonly triggerEndedAfterRelease: boolean;
  /** What the kernel's log says of one of the stuck frames. */
  readonly logged?: LoggedFailure | undefined;
  /** How the trigger ended that was pulled once more after the release; undefined where none was. */
  readonly triggeredAgain: number | undefined;
  /** Of the stuck set, by that one or by the reclaim that it caused; and of those, at another pfn at the end. */
  readonly reachedAgain: number;
  readonly reachedAgainMoved: number;
  /** And those that were reclaimed, which a reference too many forbids as it forbids a move (__remove_mapping()). */
  readonly reachedAgainReclaimed: number;
  readonly endAfterReleaseMs: number | undefined;
  /** From the release to the end of the migration that waited. */
  readonly resumedAfterReleaseMs: number | undefined;
  /** How many pages that migration was about: 32 for compaction, a whole block or mapping for others. */
  readonly resumedPages?: number | undefined;
  /** From the moment at which the release was asked for until it was seen to be done. */
  readonly releaseTookMs?: number | undefined;
  /** From the moment at which the migration began to wait to its end. */
  readonly stallMs: number | undefined;
  /** The set was located before the first of the answers that come by themselves. */
  readonly locatedInTime: boolean;
  /** Where the migrate scanner was when compaction of a zone ended as contended; undefined where none did. */
  readonly contendedAtPfn: number | undefined;
  /** From the trigger's start to the release. */
  readonly heldMs: number | undefined;
  readonly migrateSucceeded: number;
  readonly migrateFailed: number;
  /** Moved, and failed, of migrations that had isolated folios from where the stuck set lies. */
  readonly migrateSucceededNearSet: number;
  readonly migrateFailedNearSet: number;
  /** mm_migrate_pages_start without mm_migrate_pages, of the trigger's task, when the release began. */
  readonly unfinishedMigrations: number;
  readonly lostEvents: number;
  readonly waiters: readonly Waiter[];
  /** Where a task that waits for the set sleeps; null where nothing is stuck. */
  readonly waitsIn: string | null;
  /** nr_writeback at the arm's start and end. */
  readonly writebackBefore: number | undefined;
  readonly writebackAfter: number | undefined;
  /** undefined for an arm of root's; null where it was not recorded. */
  readonly untrusted: UntrustedEvidence | null | undefined;
  /** undefined for an arm that is not about whose pages the folios are; null where it was not recorded. */
  readonly serverPages: ServerPagesEvidence | null | undefined;
  /** undefined for an arm without a mitigation; null where it was not seen through. */
  readonly mitigated: MitigationEvidence | null | undefined;
  /** undefined for an arm with a FUSE server; null where it was not recorded. */
  readonly folios: FoliosEvidence | null | undefined;
  /** The server is the kernel's own NFS server: what is held is known from the trace. */
  readonly nfs: boolean;
  /** How long a network link was down. */
  readonly downMs: number | undefined;
  /** Replies of the server that the kernel did not take; undefined where they were not counted. */
  readonly repliesRefused: number | undefined;
  /** The bytes were compared after the release. */
  readonly verified: boolean;
  /** What was not byte-exact, or what the writer was told. */
  readonly corrupt: readonly string[];
}
