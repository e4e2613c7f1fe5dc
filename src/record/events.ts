/**
 * What a run writes down, in the order in which it happened: the history from which `report` judges.
 * Every number that a verdict rests on is here or in an artifact that an event names.
 */
import type { ArmKind, FolioDesign, LetGo, PlannedCell, ServerPages, StuckBy } from './arm-design.js';

export interface HeldRequestRecord {
  /** Decimal: it does not fit a JSON number. */
  readonly unique: string;
  readonly opcode: string;
  readonly nodeid: number;
  readonly offset: number | null;
  readonly size: number | null;
}

export interface SetRecord {
  readonly path: string;
  /** The inode number by which the trace knows it; our node id. */
  readonly ino: number;
  readonly pages: number;
}

/** One line of events.jsonl, before it is stamped. `arm` is an index into the arms of the run. */
export type RunEventBody =
  | {
      readonly event: 'run-started';
      readonly version: 1;
      readonly seed: number;
      readonly on: string;
      /** What is to be played: an arm that has left nothing else behind is missed by it. */
      readonly planned: readonly PlannedCell[];
    }
  | {
      readonly event: 'arm-started';
      readonly arm: number;
      /** Which cell of the run, counted from 0: its arms and their attempts belong together. */
      readonly cell: number;
      readonly kind: ArmKind;
      /** Tells arms of one kind apart; null where there is only one. */
      readonly variant: string | null;
      readonly scenario: string;
      readonly transport: string;
      readonly trigger: string;
      readonly mitigation: string;
      /** Counted from 1. */
      readonly attempt: number;
      readonly holdMs: number;
      /** Empty where the server did not start. */
      readonly device: string;
      /** The server is that of an arm before it; absent where it was started for this one. */
      readonly serverOfArm?: number;
      /** The kernel function in which a task that waits for the stuck set sleeps; null where nothing is stuck. */
      readonly waitsIn: string | null;
      /** null where nothing is stuck. */
      readonly stuckBy: StuckBy | null;
      /** How late the server answers by itself; null where it waits to be told. */
      readonly delayMs: number | null;
      /** Requests besides those that make the set stuck must hang, too: all of the connection does. */
      readonly allHangs: boolean;
      /** Server and workload are an unprivileged user's, under the limits that the kernel sets. */
      readonly untrusted?: true;
      /** Absent where nobody asks whose pages the folios are. */
      readonly serverPages?: ServerPages;
      /** The trigger asks for huge pages: what it cost must be told. */
      readonly allocatesHugePages?: true;
      /** Which folios the trigger gets to: where compaction scans (absent), or those that it asks for. */
      readonly reach?: 'asked';
      /** Errnos by which the kernel answers the trigger, with what they mean; any other is a failure. */
      readonly answers?: readonly { readonly errno: number; readonly means: string }[];
      /** Not the trigger's process migrates but a worker of the kernel's: the trace knows it by this reason. */
      readonly byWorker?: string;
      /** The trigger has a range of frames emptied, of the kernel's choice. */
      readonly emptiesRange?: true;
      /** The trigger waits for a folio before mm_migrate_pages_start. */
      readonly waitsBeforeMigration?: true;
      /** Of an arm that is about large folios, and has no FUSE server. */
      readonly folios?: FolioDesign;
      /** Of an arm whose server is the kernel's own NFS server: `held` are the client's WRITEs, from the trace. */
      readonly nfs?: true;
    }
  /** Not played: this machine lacks what it needs. */
  | {
      readonly event: 'cell-skipped';
      readonly cell: number;
      /** Only the fault arm of this variant. */
      readonly variant?: string;
      /** Only the arm with this mitigation. */
      readonly mitigation?: string;
      readonly scenario: string;
      readonly trigger: string;
      readonly transport: string;
      readonly reason: string;
    }
  | {
      readonly event: 'placed';
      readonly arm: number;
      readonly zone: {
        readonly node: number;
        readonly name: string;
        readonly start: number;
        readonly end: number;
      };
      readonly landingRange: readonly [number, number] | null;
      readonly ballastPages: number;
      readonly targetPages: number;
    }
  /** Before the sets came, so that huge pages can only come out of the pageblocks in which they lie. */
  | {
      readonly event: 'huge-pages-taken';
      readonly arm: number;
      readonly hugePages: number;
      /** No more were to be had; false where memory ran short before. */
      readonly exhausted: boolean;
    }
  /** After the trigger, before anything is let go: the pageblocks that had folios of the stuck set. */
  | {
      readonly event: 'pageblocks';
      readonly arm: number;
      /** By number, pfn / 512. */
      readonly withStuck: readonly number[];
      /** Of them, those that are wholly a huge page now. */
      readonly given: readonly number[];
    }
  | {
      readonly event: 'set-named';
      readonly arm: number;
      readonly stuck: SetRecord;
      readonly control: SetRecord;
      /** Artifacts: pfn by page index, and kpageflags by page index. */
      readonly stuckPfns: string;
      readonly controlPfns: string;
      readonly stuckFlags: string;
      /** The pfns with which the stuck file's folios came into the page cache, before a server could replace them. */
      readonly stuckAdded?: string;
    }
  | { readonly event: 'held'; readonly arm: number; readonly held: readonly HeldRequestRecord[] }
  /** Of a writer under the limits of the bdi, an untrusted user's or not: what it may have, and how far it has come. */
  | {
      readonly event: 'untrusted';
      readonly arm: number;
      readonly when: 'set-named' | 'hold-ended';
      /** As we see them, outside of the user's namespace. */
      readonly serverUid: number;
      readonly writerUid: number;
      readonly ownUserNamespace: boolean;
      /** Of the bdi; null where this kernel has none. */
      readonly maxRatio: number | null;
      readonly strictLimit: number | null;
      readonly wantedBytes: number;
      readonly writtenBytes: number;
      readonly heldRequests: number;
      readonly heldBytes: number;
      /** nr_writeback of the whole machine. */
      readonly writebackPages: number;
      /** Where the writer sleeps, innermost first; null where it is not in D state. */
      readonly writerStack: readonly string[] | null;
    }
  | {
      readonly event: 'vmstat';
      readonly arm: number;
      readonly when: string;
      readonly counters: Record<string, number>;
    }
  | {
      readonly event: 'trigger-started';
      readonly arm: number;
      readonly pid: number;
      readonly comm: string;
      /** Written into the trace by the trigger's task: its pid there may be that of another pid namespace. */
      readonly mark: string;
    }
  /** The trigger once more, after the release. */
  | {
      readonly event: 'triggered-again';
      readonly arm: number;
      readonly result: number;
      /** As in trigger-started: what the trace has after it is of this time. */
      readonly mark: string;
    }
  | {
      readonly event: 'task-sampled';
      readonly arm: number;
      readonly role: string;
      readonly pid: number;
      readonly tid: number;
      readonly comm: string;
      readonly state: string;
      readonly stack: readonly string[];
    }
  | {
      readonly event: 'trigger-ended';
      readonly arm: number;
      /** 0 or -errno. */
      readonly result: number;
      /** Huge pages that it asked for, and that it was given; absent where it allocates none. */
      readonly wanted?: number;
      readonly obtained?: number;
      /** Where it was given none: of each range that it might have been, what in it cannot be moved. */
      readonly keptBy?: readonly string[];
      /** Frames [start, end) that it asked to have emptied; absent: none. */
      readonly asked?: readonly (readonly [number, number])[];
      /** Of move_pages(2): how many pages were answered what. */
      readonly pageStatus?: Readonly<Record<string, number>>;
      /** Of memory that was taken out: what the machine said, how many blocks it had, how many were there still. */
      readonly unplugged?: { readonly said: string; readonly blocks: number; readonly blocksLeft: number };
      readonly startedNs: number;
      readonly endedNs: number;
    }
  /** Of an arm that is about large folios: the kernel's counters for their size, and their flags. */
  | {
      readonly event: 'folios';
      readonly arm: number;
      readonly when: 'set-named' | 'set-found';
      /** Since boot; null where this kernel counts none of that size. */
      readonly split: number | null;
      readonly splitFailed: number | null;
      /** Artifact: kpageflags by page index, 0 where no frame is known. */
      readonly flags: string;
    }
  /** Of such an arm with a file, at its end: folios that were whole still, and those that ftruncate(2) could split. */
  | {
      readonly event: 'split-asked';
      readonly arm: number;
      readonly asked: number;
      readonly split: number;
      /** Of the end of the file. */
      readonly cutBytes: number;
    }
  /** Of an arm about large folios, at its end: folios that were whole still, and those that debugfs could split. */
  | {
      readonly event: 'split-huge-pages-asked';
      readonly arm: number;
      /** Why it could not be asked, or no more; null where it was. */
      readonly lacking: string | null;
      readonly asked: number;
      readonly split: number;
      /** By the kernel's counters for their size, meanwhile; null where it has none. */
      readonly countedSplit: number | null;
      readonly countedFailed: number | null;
    }
  /** Where the set is, at the end of the hold and before anything is released; what is not seen there is -1. */
  | {
      readonly event: 'hold-ended';
      readonly arm: number;
      readonly stuckPfns: string;
      readonly controlPfns: string;
      /**
       * The same once all have been mapped in: reclaim unmaps what it cannot free, and what it did free is read anew
       * into some other frame.  Only of folios that a reference keeps, whose READs are answered.
       */
      readonly stuckPfnsMapped?: string;
    }
  | {
      readonly event: 'released';
      readonly arm: number;
      readonly requests: number;
      readonly bytes: number;
      /** CLOCK_MONOTONIC when the release was asked for; for a delay, when the first answer was due. */
      readonly askedNs: number;
      /** When it was seen to be done: a slow machine's server takes its time. */
      readonly doneNs?: number;
      readonly by: LetGo;
      /** How long a link was down: TCP may wait as long again before it sends once more. */
      readonly downMs?: number;
    }
  /** What was under way when the mitigation acted, which `released` tells the time of. */
  | {
      readonly event: 'mitigated';
      readonly arm: number;
      readonly mitigation: string;
      readonly endsConnection: boolean;
      /** Of the stuck set, dirty and not under writeback. */
      readonly dirtyPages: number;
    }
  | {
      readonly event: 'set-found';
      readonly arm: number;
      readonly stuckPfns: string;
      readonly controlPfns: string;
      /** As in hold-ended. */
      readonly stuckPfnsMapped?: string;
      /** The stuck folios cannot be mapped: what is not seen where it was is -1, wherever it is. */
      readonly byFlags?: true;
    }
  | {
      readonly event: 'verified';
      readonly arm: number;
      /** Errno name that the writer was told, or null; stuck file, control file. */
      readonly fsync: readonly (string | null)[];
      /** Offset of the first wrong byte or -1; from the page cache, and asked of the server again. */
      readonly cached: readonly number[];
      readonly served: readonly number[];
    }
  /** In the place of `verified` where the connection was ended: nothing can be read from the server. */
  | {
      readonly event: 'aftermath';
      readonly arm: number;
      /** As in verified. */
      readonly fsync: readonly (string | null)[];
      /** Pages of the two files that are mapped still, with the bytes that were written. */
      readonly keptPages: readonly number[];
    }
  /** Errno name that close(2) gave, or null; stuck file, control file. */
  | { readonly event: 'closed'; readonly arm: number; readonly close: readonly (string | null)[] }
  /** Up to the verification of the data: how many of the server's replies the kernel took, and did not take. */
  | { readonly event: 'answered'; readonly arm: number; readonly replies: number; readonly refused: number }
  | {
      readonly event: 'trace-ended';
      readonly arm: number;
      readonly trace: string;
      readonly lostEvents: number;
    }
  | { readonly event: 'arm-failed'; readonly arm: number; readonly reason: string }
  | { readonly event: 'arm-ended'; readonly arm: number }
  | { readonly event: 'run-ended' };

export type RunEvent = RunEventBody & {
  /** CLOCK_MONOTONIC. */
  readonly atNs: number;
};
