/**
 * /proc/zoneinfo: the zones of each node, where they begin, and what is in them.
 * A zone without pages has neither startPfn nor counters.
 * Authority: mm/vmstat.c (zoneinfo_show_print).
 */
import { linesOf, malformed, parseCount, readKernelFile } from './kernel-file.js';

export interface Zone {
  readonly node: number;
  /** `DMA`, `DMA32`, `Normal`, `Movable`, … */
  readonly name: string;
  /** All in pages. `spanned` includes the holes: [startPfn, startPfn + spanned). */
  readonly free: number;
  readonly spanned: number;
  readonly present: number;
  readonly managed: number;
  readonly startPfn?: number;
  /** min, low, high, boost, promo, cma: what this kernel has of them, in pages. */
  readonly watermarks: ReadonlyMap<string, number>;
  /** nr_* and numa_* of the zone. */
  readonly counters: ReadonlyMap<string, number>;
  /** The per-node counters; the kernel prints them once, with the first zone of a node that has pages. */
  readonly nodeCounters?: ReadonlyMap<string, number>;
}

interface Draft {
  readonly node: number;
  readonly name: string;
  readonly line: number;
  readonly pages: Map<string, number>;
  readonly counters: Map<string, number>;
  nodeCounters?: Map<string, number>;
  startPfn?: number;
}

type Section = 'none' | 'node' | 'pages' | 'pagesets';

export function parseZoneinfo(text: string, file = '/proc/zoneinfo'): Zone[] {
  const drafts: Draft[] = [];
  let section: Section = 'none';
  linesOf(text).forEach((line, index) => {
    const lineNumber = index + 1;
    const header = /^Node (\d+), zone\s+(\S+)$/.exec(line);
    if (header) {
      drafts.push({
        node: parseCount(header[1], file, lineNumber, 'the node'),
        name: header[2] ?? '',
        line: lineNumber,
        pages: new Map(),
        counters: new Map(),
      });
      section = 'none';
      return;
    }
    const draft = drafts.at(-1);
    if (draft === undefined) throw malformed(file, lineNumber, '"Node N, zone NAME"', line);
    section = parseLine(line, draft, section, file, lineNumber);
  });
  if (drafts.length === 0) throw malformed(file, undefined, 'at least one zone', text);
  return drafts.map((draft) => toZone(draft, file));
}

function parseLine(line: string, draft: Draft, section: Section, file: string, lineNumber: number): Section {
  if (line === '  per-node stats') {
    draft.nodeCounters = new Map();
    return 'node';
  }
  if (line === '  pagesets') return 'pagesets';
  const free = /^ {2}pages free\s+(\S+)$/.exec(line);
  if (free) {
    draft.pages.set('free', parseCount(free[1], file, lineNumber, 'free'));
    return 'pages';
  }
  const start = /^ {2}start_pfn:\s+(\S+)$/.exec(line);
  if (start) {
    draft.startPfn = parseCount(start[1], file, lineNumber, 'start_pfn');
    return 'none';
  }
  if (section === 'pagesets' || section === 'none' || /^\s+protection: \(/.test(line)) return section;
  const pair = /^(\s+)([A-Za-z_]\w*)\s+(\S+)$/.exec(line);
  const [indent, name, digits] = pair === null ? [] : pair.slice(1);
  if (indent === undefined || name === undefined)
    throw malformed(file, lineNumber, 'a name and a number', line);
  const value = parseCount(digits, file, lineNumber, name);
  // Watermarks and sizes are indented by eight, counters by six.
  if (section === 'node') draft.nodeCounters?.set(name, value);
  else if (indent.length >= 8) draft.pages.set(name, value);
  else draft.counters.set(name, value);
  return section;
}

const sizes = ['free', 'spanned', 'present', 'managed'];

function toZone(draft: Draft, file: string): Zone {
  const need = (name: string): number => {
    const value = draft.pages.get(name);
    if (value === undefined) throw malformed(file, draft.line, `"${name}" in zone ${draft.name}`);
    return value;
  };
  return {
    node: draft.node,
    name: draft.name,
    free: need('free'),
    spanned: need('spanned'),
    present: need('present'),
    managed: need('managed'),
    watermarks: new Map([...draft.pages].filter(([name]) => !sizes.includes(name))),
    counters: draft.counters,
    ...(draft.startPfn === undefined ? {} : { startPfn: draft.startPfn }),
    ...(draft.nodeCounters === undefined ? {} : { nodeCounters: draft.nodeCounters }),
  };
}

export function readZoneinfo(root = '/'): Zone[] {
  return parseZoneinfo(readKernelFile('/proc/zoneinfo', root));
}
