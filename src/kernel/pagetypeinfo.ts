/**
 * /proc/pagetypeinfo: free blocks and pageblocks of each zone by migrate type.
 * The kernel stops counting a list at 100,000 blocks and prints ">100000": such a count is a lower bound.
 * Needs CAP_SYS_ADMIN since 5.5.  Authority: mm/vmstat.c (pagetypeinfo_show).
 */
import { linesOf, malformed, parseCount, readKernelFile } from './kernel-file.js';

export interface FreeBlocks {
  readonly node: number;
  readonly zone: string;
  /** `Unmovable`, `Movable`, `Reclaimable`, `HighAtomic`, `CMA`, `Isolate` */
  readonly migrateType: string;
  /** Index is the order. */
  readonly free: readonly number[];
  /** Orders whose count is a lower bound. */
  readonly atLeast: readonly number[];
}

export interface Pageblocks {
  readonly node: number;
  readonly zone: string;
  /** Pageblocks by migrate type. */
  readonly blocks: ReadonlyMap<string, number>;
}

export interface Pagetypeinfo {
  readonly pageBlockOrder: number;
  readonly pagesPerBlock: number;
  readonly free: readonly FreeBlocks[];
  readonly blocks: readonly Pageblocks[];
}

export function parsePagetypeinfo(text: string, file = '/proc/pagetypeinfo'): Pagetypeinfo {
  let pageBlockOrder: number | undefined;
  let pagesPerBlock: number | undefined;
  let types: string[] | undefined;
  let inFree = false;
  const free: FreeBlocks[] = [];
  const blocks: Pageblocks[] = [];
  linesOf(text).forEach((line, index) => {
    const lineNumber = index + 1;
    if (line.trim() === '') return;
    const order = /^Page block order: (\S+)$/.exec(line);
    const pages = /^Pages per block:\s+(\S+)$/.exec(line);
    const header = /^Number of (?:blocks type|mixed blocks)\s+(.*\S)\s*$/.exec(line);
    if (order) pageBlockOrder = parseCount(order[1], file, lineNumber, 'the order of a pageblock');
    else if (pages) pagesPerBlock = parseCount(pages[1], file, lineNumber, 'the pages of a pageblock');
    else if (line.startsWith('Free pages count per migrate type at order')) inFree = true;
    else if (header?.[1] !== undefined) {
      // CONFIG_PAGE_OWNER adds a table of mixed blocks, which nobody here asks for.
      types = line.startsWith('Number of mixed') ? [] : header[1].split(/\s+/);
      inFree = false;
    } else if (inFree) free.push(parseFree(line, file, lineNumber));
    else if (types === undefined) throw malformed(file, lineNumber, 'a table header', line);
    else if (types.length > 0) blocks.push(parseBlocks(line, types, file, lineNumber));
  });
  if (pageBlockOrder === undefined) throw malformed(file, undefined, '"Page block order: N"');
  if (pagesPerBlock === undefined) throw malformed(file, undefined, '"Pages per block: N"');
  return { pageBlockOrder, pagesPerBlock, free, blocks };
}

function parseFree(line: string, file: string, lineNumber: number): FreeBlocks {
  const match = /^Node\s+(\d+), zone\s+(\S+), type\s+(\S+)\s+(.*\S)\s*$/.exec(line);
  const [, node, zone, migrateType, counts] = match ?? [];
  if (zone === undefined || migrateType === undefined || counts === undefined) {
    throw malformed(file, lineNumber, '"Node N, zone NAME, type NAME" and a count for each order', line);
  }
  const fields = counts.split(/\s+/);
  return {
    node: parseCount(node, file, lineNumber, 'the node'),
    zone,
    migrateType,
    free: fields.map((field) => parseCount(field.replace(/^>/, ''), file, lineNumber, 'a count of blocks')),
    atLeast: fields.flatMap((field, order) => (field.startsWith('>') ? [order] : [])),
  };
}

function parseBlocks(line: string, types: readonly string[], file: string, lineNumber: number): Pageblocks {
  const match = /^Node\s+(\d+), zone\s+(\S+)\s+(.*\S)\s*$/.exec(line);
  const [, node, zone, counts] = match ?? [];
  const fields = counts?.split(/\s+/);
  if (zone === undefined || fields?.length !== types.length) {
    throw malformed(file, lineNumber, `"Node N, zone NAME" and ${types.length} counts`, line);
  }
  return {
    node: parseCount(node, file, lineNumber, 'the node'),
    zone,
    blocks: new Map(
      types.map((type, index) => [
        type,
        parseCount(fields[index], file, lineNumber, `the blocks of type ${type}`),
      ]),
    ),
  };
}

export function readPagetypeinfo(root = '/'): Pagetypeinfo {
  return parsePagetypeinfo(readKernelFile('/proc/pagetypeinfo', root));
}
