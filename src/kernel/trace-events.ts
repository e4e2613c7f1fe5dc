/**
 * The payloads of the trace events that a verdict rests on, from their text.
 * Fields differ between kernels: one that is not printed is absent. Names are the kernel's own where it prints one.
 * Authority: include/trace/events/{compaction,migrate,writeback,filemap,kmem}.h, fs/fuse/fuse_trace.h.
 */
import { malformed } from './kernel-file.js';
import { parseTraceFormat } from './trace-format.js';

interface CompactionExtent {
  readonly zoneStartPfn: number;
  readonly migratePfn: number;
  readonly freePfn: number;
  readonly zoneEndPfn: number;
  readonly mode: 'sync' | 'async';
}

interface IsolatedRange {
  /** Frames [startPfn, endPfn). */
  readonly startPfn: number;
  readonly endPfn: number;
  readonly nrScanned: number;
  readonly nrTaken: number;
}

interface MigrateCaller {
  /** `MIGRATE_ASYNC`, `MIGRATE_SYNC_LIGHT`, `MIGRATE_SYNC` */
  readonly mode: string;
  /** `compaction`, `memory_hotplug`, … */
  readonly reason: string;
}

interface PageCacheFolio {
  readonly major: number;
  readonly minor: number;
  readonly ino: bigint;
  readonly pfn: number;
  readonly offsetBytes: number;
  readonly order?: number;
}

export interface TracePayloads {
  readonly mm_compaction_begin: CompactionExtent;
  /** status: `complete`, `success`, `contended`, … */
  readonly mm_compaction_end: CompactionExtent & { readonly status: string };
  readonly mm_compaction_isolate_migratepages: IsolatedRange;
  readonly mm_compaction_isolate_freepages: IsolatedRange;
  readonly mm_compaction_migratepages: { readonly nrMigrated: number; readonly nrFailed: number };
  readonly mm_compaction_finished: {
    readonly node: number;
    readonly zone: string;
    /** -1 for the whole zone. */
    readonly order: number;
    readonly result: string;
  };
  /** All in pages or folios as the kernel counts them; the split counter came with 6.7. */
  readonly mm_migrate_pages: MigrateCaller & {
    readonly nrSucceeded: number;
    readonly nrFailed: number;
    readonly nrThpSucceeded?: number;
    readonly nrThpFailed?: number;
    readonly nrThpSplit?: number;
    readonly nrSplit?: number;
    /** Every counter by the name it was printed with, also those that are newer than this program. */
    readonly counters: ReadonlyMap<string, number>;
  };
  readonly mm_migrate_pages_start: MigrateCaller;
  /** bdi: `0:39`, or another name of the device. The index is in pages. */
  readonly folio_wait_writeback: { readonly bdi: string; readonly ino: bigint; readonly index: number };
  readonly mm_filemap_add_to_page_cache: PageCacheFolio;
  readonly mm_filemap_delete_from_page_cache: PageCacheFolio;
  /** A freed frame on its way to the buddy lists; migratetype: of its pageblock, as a number of enum migratetype. */
  readonly mm_page_pcpu_drain: {
    readonly pfn: number;
    readonly order: number;
    readonly migratetype: number;
  };
  /** `connection` is the kernel's device number; for an anonymous device that is the minor. */
  readonly fuse_request_send: {
    readonly connection: number;
    readonly unique: bigint;
    readonly opcode: number;
    readonly lenBytes: number;
  };
  /** error: 0, or a negative errno. */
  readonly fuse_request_end: {
    readonly connection: number;
    readonly unique: bigint;
    readonly lenBytes: number;
    readonly error: number;
  };
}
export type TracePayloadName = keyof TracePayloads;

/** Reads named groups of a match as checked numbers. */
class Groups {
  constructor(
    private readonly groups: { readonly [name: string]: string | undefined },
    private readonly event: string,
    private readonly payload: string,
  ) {}

  text(name: string): string {
    const text = this.groups[name];
    if (text === undefined) throw malformed(this.event, undefined, name, this.payload);
    return text;
  }

  /** Decimal, or hexadecimal with 0x. */
  number(name: string): number {
    const value = Number(this.text(name));
    if (!Number.isSafeInteger(value))
      throw malformed(this.event, undefined, `${name} up to 2^53`, this.payload);
    return value;
  }

  optionalNumber(name: string): number | undefined {
    return this.groups[name] === undefined ? undefined : this.number(name);
  }
}

interface Parser<T> {
  /** Of the event's format file, as the kernel names them: what the text is printed from. */
  readonly fields: readonly string[];
  readonly pattern: RegExp;
  readonly read: (groups: Groups, payload: string) => T;
}

const extent =
  'zone_start=(?<start>0x[0-9a-f]+) migrate_pfn=(?<migrate>0x[0-9a-f]+) free_pfn=(?<free>0x[0-9a-f]+) zone_end=(?<end>0x[0-9a-f]+), mode=(?<mode>sync|async)';
const isolated =
  '^range=\\((?<start>0x[0-9a-f]+) ~ (?<end>0x[0-9a-f]+)\\) nr_scanned=(?<scanned>\\d+) nr_taken=(?<taken>\\d+)';

function readExtent(groups: Groups): CompactionExtent {
  return {
    zoneStartPfn: groups.number('start'),
    migratePfn: groups.number('migrate'),
    freePfn: groups.number('free'),
    zoneEndPfn: groups.number('end'),
    mode: groups.text('mode') === 'sync' ? 'sync' : 'async',
  };
}

function readIsolated(groups: Groups): IsolatedRange {
  return {
    startPfn: groups.number('start'),
    endPfn: groups.number('end'),
    nrScanned: groups.number('scanned'),
    nrTaken: groups.number('taken'),
  };
}

function readCaller(groups: Groups): MigrateCaller {
  return { mode: groups.text('mode'), reason: groups.text('reason') };
}

function readMigratePages(groups: Groups, payload: string): TracePayloads['mm_migrate_pages'] {
  const counters = new Map<string, number>();
  for (const [, name, digits] of payload.matchAll(/(nr_\w+)=(\d+)/g)) {
    if (name !== undefined) counters.set(name, Number(digits));
  }
  const optional = (key: string, name: string) => {
    const value = counters.get(name);
    return value === undefined ? {} : { [key]: value };
  };
  return {
    ...readCaller(groups),
    nrSucceeded: groups.number('succeeded'),
    nrFailed: groups.number('failed'),
    ...optional('nrThpSucceeded', 'nr_thp_succeeded'),
    ...optional('nrThpFailed', 'nr_thp_failed'),
    ...optional('nrThpSplit', 'nr_thp_split'),
    ...optional('nrSplit', 'nr_split'),
    counters,
  };
}

const extentFields = ['zone_start', 'migrate_pfn', 'free_pfn', 'zone_end', 'sync'];
const isolatedFields = ['start_pfn', 'end_pfn', 'nr_scanned', 'nr_taken'];

const pageCacheFolio: Parser<PageCacheFolio> = {
  fields: ['s_dev', 'i_ino', 'pfn', 'index'],
  // The inode is hexadecimal without 0x. The kernel prints a pointer before the pfn up to 5.x.
  pattern:
    /^dev (?<major>\d+):(?<minor>\d+) ino (?<ino>[0-9a-f]+) (?:page=\S+ )?pfn=(?<pfn>0x[0-9a-f]+|\d+) ofs=(?<ofs>\d+)(?: order=(?<order>\d+))?/,
  read: (groups) => {
    const order = groups.optionalNumber('order');
    return {
      major: groups.number('major'),
      minor: groups.number('minor'),
      ino: BigInt(`0x${groups.text('ino')}`),
      pfn: groups.number('pfn'),
      offsetBytes: groups.number('ofs'),
      ...(order === undefined ? {} : { order }),
    };
  },
};

const parsers: { readonly [name in TracePayloadName]: Parser<TracePayloads[name]> } = {
  mm_compaction_begin: { fields: extentFields, pattern: new RegExp(`^${extent}`), read: readExtent },
  mm_compaction_end: {
    fields: [...extentFields, 'status'],
    pattern: new RegExp(`^${extent} status=(?<status>\\S+)`),
    read: (groups) => ({ ...readExtent(groups), status: groups.text('status') }),
  },
  mm_compaction_isolate_migratepages: {
    fields: isolatedFields,
    pattern: new RegExp(isolated),
    read: readIsolated,
  },
  mm_compaction_isolate_freepages: {
    fields: isolatedFields,
    pattern: new RegExp(isolated),
    read: readIsolated,
  },
  mm_compaction_migratepages: {
    fields: ['nr_migrated', 'nr_failed'],
    pattern: /^nr_migrated=(?<migrated>\d+) nr_failed=(?<failed>\d+)/,
    read: (groups) => ({ nrMigrated: groups.number('migrated'), nrFailed: groups.number('failed') }),
  },
  mm_compaction_finished: {
    fields: ['nid', 'idx', 'order', 'ret'],
    pattern: /^node=(?<node>-?\d+) zone=(?<zone>\S+)\s+order=(?<order>-?\d+) ret=(?<ret>\S+)/,
    read: (groups) => ({
      node: groups.number('node'),
      zone: groups.text('zone'),
      order: groups.number('order'),
      result: groups.text('ret'),
    }),
  },
  mm_migrate_pages: {
    fields: ['succeeded', 'failed', 'mode', 'reason'],
    pattern:
      /^nr_succeeded=(?<succeeded>\d+) nr_failed=(?<failed>\d+) .*?mode=(?<mode>\S+) reason=(?<reason>\S+)/,
    read: readMigratePages,
  },
  mm_migrate_pages_start: {
    fields: ['mode', 'reason'],
    pattern: /^mode=(?<mode>\S+) reason=(?<reason>\S+)/,
    read: readCaller,
  },
  folio_wait_writeback: {
    fields: ['name', 'ino', 'index'],
    pattern: /^bdi (?<bdi>.+): ino=(?<ino>\d+) index=(?<index>\d+)/,
    read: (groups) => ({
      bdi: groups.text('bdi'),
      ino: BigInt(groups.text('ino')),
      index: groups.number('index'),
    }),
  },
  mm_filemap_add_to_page_cache: pageCacheFolio,
  mm_filemap_delete_from_page_cache: pageCacheFolio,
  mm_page_pcpu_drain: {
    fields: ['pfn', 'order', 'migratetype'],
    pattern: /^page=\S+ pfn=(?<pfn>0x[0-9a-f]+|\d+) order=(?<order>\d+) migratetype=(?<migratetype>\d+)/,
    read: (groups) => ({
      pfn: groups.number('pfn'),
      order: groups.number('order'),
      migratetype: groups.number('migratetype'),
    }),
  },
  fuse_request_send: {
    fields: ['connection', 'unique', 'opcode', 'len'],
    pattern:
      /^connection (?<connection>\d+) req (?<unique>\d+) opcode (?<opcode>\d+) \(\S+\) len (?<len>\d+)/,
    read: (groups) => ({
      connection: groups.number('connection'),
      unique: BigInt(groups.text('unique')),
      opcode: groups.number('opcode'),
      lenBytes: groups.number('len'),
    }),
  },
  fuse_request_end: {
    fields: ['connection', 'unique', 'len', 'error'],
    pattern: /^connection (?<connection>\d+) req (?<unique>\d+) len (?<len>\d+) error (?<error>-?\d+)/,
    read: (groups) => ({
      connection: groups.number('connection'),
      unique: BigInt(groups.text('unique')),
      lenBytes: groups.number('len'),
      error: groups.number('error'),
    }),
  },
};

/** Fields that the text of this event is read as, and that a kernel with this format file does not have. */
export function missingFields(event: TracePayloadName, formatText: string, file: string): string[] {
  const { name, fields } = parseTraceFormat(formatText, file);
  if (name !== event) throw malformed(file, undefined, `the format of ${event}`, name);
  return parsers[event].fields.filter((wanted) => !fields.some((field) => field.name === wanted));
}

export const tracePayloadNames = Object.keys(parsers) as TracePayloadName[];

export function hasTracePayload(event: string): event is TracePayloadName {
  return Object.hasOwn(parsers, event);
}

/** The fields of one event. @param payload what follows `event: ` in the line */
export function parseTracePayload<Name extends TracePayloadName>(
  event: Name,
  payload: string,
): TracePayloads[Name] {
  const { pattern, read } = parsers[event];
  const groups = pattern.exec(payload)?.groups;
  if (groups === undefined) throw malformed(event, undefined, `text like ${pattern.source}`, payload);
  return read(new Groups(groups, event, payload), payload);
}
