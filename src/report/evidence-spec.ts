/** What run.json says of one arm, beside its outcome: what that rests on (schemas/run.schema.json is made from it). */
import * as z from 'zod';

const count = z.int().min(0);

const WaiterSpec = z.object({
  role: z.string(),
  pid: count,
  comm: z.string(),
  state: z.string().meta({ description: 'Task state letter of /proc/PID/stat' }),
  stack: z.array(z.string()).meta({ description: 'Kernel symbols, innermost first' }),
  waitsFor: z
    .object({
      bdi: z.string().meta({ description: 'MAJOR:MINOR' }),
      inode: count,
      index: count.meta({ description: 'Page index in the file' }),
      pfn: count.optional(),
      unique: z.string().optional().meta({ description: 'FUSE request that covers the index, decimal u64' }),
      namedBy: z.enum(['folio_wait_writeback', 'mm_compaction_isolate_migratepages']).meta({
        description:
          'The trace event that names it; isolation names a range, and this is the likeliest in it',
      }),
    })
    .optional(),
});

const UserAtSpec = z.object({
  writtenBytes: count,
  heldRequests: count,
  heldBytes: count,
  writebackPages: count.meta({ description: 'nr_writeback of the machine' }),
});

const UntrustedSpec = z.object({
  serverUid: count,
  writerUid: count,
  ownUserNamespace: z.boolean(),
  maxRatio: z.number().nullable().meta({ description: 'Of the bdi, percent' }),
  strictLimit: z.number().nullable(),
  wantedBytes: count.meta({ description: 'What the writer would have written' }),
  writerStack: z
    .array(z.string())
    .nullable()
    .meta({ description: 'Where the kernel had stopped the writer before the trigger' }),
  atTrigger: UserAtSpec,
  atHoldEnd: UserAtSpec.nullable(),
});

const ServerPagesSpec = z.object({
  wanted: z.enum(['none', 'all']).meta({ description: 'How many folios must be pages that the server gave' }),
  replaced: count.meta({ description: 'Folios with another frame than they came into the page cache with' }),
  kept: count.meta({ description: 'Those with the same frame' }),
  fromOtherFilesystem: count.meta({
    description: 'Those whose frame was taken out of the page cache of another filesystem',
  }),
  pageblocks: z
    .array(
      z.object({
        migratetype: z.string().nullable().meta({
          description: 'As in /proc/pagetypeinfo; null where the trace does not show the frame freed',
        }),
        folios: count,
        moved: count,
      }),
    )
    .meta({
      description:
        'By the migratetype of the pageblock as mm_page_pcpu_drain had it when the frame was freed',
    }),
});

const orders = z.record(z.string(), count);

const FoliosSpec = z.object({
  memory: z.enum(['xfs', 'hugetlb', 'anonymous']),
  order: count,
  blockBytes: count.nullable().meta({ description: 'Of the filesystem' }),
  state: z.enum(['clean', 'dirty', 'dirty-whole']).nullable().meta({
    description: 'dirty-whole: written as a whole only, so that iomap keeps no state on the folio',
  }),
  fragmented: z.boolean().meta({ description: 'Migration finds targets of order 0 only' }),
  ordersBefore: orders.meta({ description: 'How many folios of each order there were before the trigger' }),
  ordersAfter: orders,
  ofOrder: count.meta({ description: 'Folios of the order that was wanted' }),
  dirty: count.meta({ description: 'Of them, with KPF_DIRTY before the trigger' }),
  withState: count.meta({ description: 'Of them, with KPF_PRIVATE: iomap keeps its state there' }),
  hugetlb: count.meta({ description: 'Of them, with KPF_HUGE' }),
  wholeAfter: count.meta({ description: 'Of them, of the same order afterwards' }),
  movedWhole: count.meta({ description: 'Of those, at another pfn' }),
  pagesInTakenRanges: count.meta({
    description: 'Pages of the set in ranges of the migrate scanner out of which anything was isolated',
  }),
  pagesPassedOver: count.meta({
    description: 'Pages of the set by which the scanner came without an event about their pageblock',
  }),
  splitAsked: count.nullable().meta({
    description:
      'Folios of a file that were whole in the end and were then cut by ftruncate(2); null without a file',
  }),
  splitDone: count.nullable().meta({ description: 'Of those, how many were split' }),
  cutBytes: count.nullable().default(null).meta({
    description:
      'Of the end of the file, cut off by it: compared in the page cache only, not as it is on the disk',
  }),
  splitHugePages: z
    .object({
      lacking: z
        .string()
        .nullable()
        .meta({ description: 'Why it could not be asked, or no more; null where it was' }),
      asked: count,
      done: count.meta({ description: 'Of those, smaller afterwards by kpageflags, at the same pfn' }),
      split: z.int().nullable().meta({
        description: 'What mTHP statistics counted of that size meanwhile; null where there are none',
      }),
      splitFailed: z.int().nullable(),
    })
    .nullable()
    .default(null)
    .meta({
      description:
        'Folios that were whole in the end, asked to be split through split_huge_pages of debugfs before the file was cut',
    }),
  split: z
    .int()
    .nullable()
    .meta({ description: 'What mTHP statistics counted of that size, over the trigger' }),
  splitFailed: z.int().nullable(),
});

const MitigationSpec = z.object({
  appliedAfterMs: z.number().nullable().meta({ description: "From the trigger's start to the act" }),
  toFirstMigrationMs: z.number().nullable().meta({
    description: 'From the act to the end of the first migration that is shown to have moved one of the set',
  }),
  freedFolios: count.meta({
    description: 'Of the set, elsewhere at the end; by kpageflags no longer where they were',
  }),
  confirmedBy: z.enum(['pagemap', 'kpageflags']),
  frees: z
    .boolean()
    .nullable()
    .meta({ description: 'Whether it freed the set; null where that is not shown' }),
  expectedToFree: z.boolean().nullable(),
  endsConnection: z.boolean().nullable().meta({ description: 'null where the record does not have the act' }),
  lostBytes: count.nullable().meta({
    description:
      'Written, and not acknowledged to the kernel: under way, or dirty; null where the record does not tell',
  }),
  keptBytes: count.nullable().meta({
    description:
      'Of what was written to the stuck file, still in the page cache; null where the server has it',
  }),
  told: z
    .array(
      z.object({
        file: z.enum(['stuck', 'control']),
        call: z.enum(['fsync', 'close']),
        errno: z.string().nullable().meta({ description: 'null for success' }),
      }),
    )
    .meta({ description: 'What the writer was told afterwards' }),
  limits: z
    .object({
      maxRatio: z.number().nullable(),
      strictLimit: z.number().nullable(),
      wantedBytes: count,
      writtenBytes: count,
      stoppedWriter: z.boolean().meta({ description: 'The writer was seen in balance_dirty_pages()' }),
    })
    .nullable()
    .meta({ description: 'Where it lets the bdi keep its limits' }),
});

const CostSpec = z.object({
  wanted: count.meta({
    description:
      'Huge pages asked for at most: as many as the stuck set has pageblocks, or some more; no more once all of these are huge pages',
  }),
  obtained: count,
  takenBefore: count.meta({
    description: 'Huge pages taken before the sets came, so that there were no others',
  }),
  pageblocks: count.meta({ description: 'With folios of the stuck set' }),
  pageblocksFreed: count.meta({ description: 'Of them, those that are wholly a huge page afterwards' }),
  controlPageblocksFreed: count.nullable().meta({ description: "The same of the cell's control arm" }),
  compactStall: count.nullable().meta({
    description:
      'Rise of compact_stall, of the whole machine; null where it was not sampled; so the next two',
  }),
  compactFail: count.nullable(),
  compactSuccess: count.nullable(),
});

export const EvidenceSpec = z.object({
  stuckBy: z
    .enum(['writeback', 'lock', 'reference'])
    .nullable()
    .meta({ description: 'What keeps the folios where they are; null where nothing does' }),
  heldRequests: count,
  heldOthers: count.meta({ description: 'Of them, those that are not about the pages of a file' }),
  heldBytes: count,
  stuckFolios: count,
  stuckWriteback: count.meta({ description: 'Stuck folios with KPF_WRITEBACK before the trigger' }),
  stuckLocked: count.meta({ description: 'The same with KPF_LOCKED and without KPF_UPTODATE' }),
  stuckMoved: count.meta({ description: 'Moved before the release, or by the end where there was none' }),
  stuckMovedAtEnd: count.meta({
    description:
      'Moved by the end of the arm, after the release; 0 where mitigation.confirmedBy is kpageflags, by which no other place is seen',
  }),
  controlFolios: count,
  controlMoved: count,
  scannerReached: count.meta({ description: 'Stuck folios inside ranges that compaction isolated from' }),
  controlReached: count,
  reach: z.enum(['scanner', 'asked']).optional().meta({
    description:
      'asked: scannerReached counts the folios that the trigger asked for; else those of isolated ranges',
  }),
  triggerResult: z.int().nullable().optional().meta({ description: '0 or -errno' }),
  pageStatus: z
    .record(z.string(), count)
    .optional()
    .meta({ description: 'What move_pages(2) answered: how many pages by status' }),
  unplugged: z
    .object({
      said: z.string().meta({ description: "QEMU's event" }),
      blocks: count,
      blocksLeft: count.meta({ description: 'Still there when the trigger ended' }),
    })
    .optional()
    .meta({ description: 'Memory blocks that a DIMM had which was taken out' }),
  triggerMs: z.number().min(0).nullable(),
  heldMs: z.number().min(0).nullable().meta({ description: "From the trigger's start to the release" }),
  endAfterReleaseMs: z.number().nullable(),
  delayMs: z.number().min(0).nullable().meta({ description: 'How late the server answers by itself' }),
  stallMs: z
    .number()
    .nullable()
    .meta({ description: 'From the moment at which the migration began to wait to its end' }),
  migrateSucceeded: count,
  migrateFailed: count,
  migrateSucceededNearSet: count.default(0).meta({
    description: 'Moved by migrations that had isolated from where the set lies, before it was let go',
  }),
  migrateFailedNearSet: count.meta({
    description: 'Failed of migrations that had isolated from where the set lies, before it was let go',
  }),
  repliesRefused: count.nullable().default(null).meta({
    description:
      'Replies of the server that the kernel did not take: to a request that had been answered before, or malformed',
  }),
  lostEvents: count,
  writebackBefore: count.nullable().meta({ description: 'nr_writeback, pages' }),
  writebackAfter: count.nullable(),
  cost: CostSpec.nullable()
    .default(null)
    .meta({ description: 'Of a trigger that asks for huge pages: what it was given, and out of what' }),
  untrusted: UntrustedSpec.nullable().meta({
    description: "Where server and writer are an unprivileged user's: who it is, its limits, how far it came",
  }),
  serverPages: ServerPagesSpec.nullable().meta({
    description: "Whose pages the folios are, where the scenario is about pages of the server's",
  }),
  mitigation: MitigationSpec.nullable().default(null).meta({
    description: 'What the mitigation did, where the arm has one',
  }),
  folios: FoliosSpec.nullable().default(null).meta({
    description: 'What became of large folios, where the arm is about them and has no FUSE server',
  }),
  byteExact: z.boolean().nullable(),
  waiters: z.array(WaiterSpec),
});
