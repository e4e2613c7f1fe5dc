/**
 * The report for a terminal or a mail: plain ASCII, at most 100 columns, nothing that needs a colour.
 */
import { findings } from './findings.js';
import { mitigationFacts, mitigationTable } from './mitigation-table.js';
import { printable } from './render/one-line.js';
import { repeatHead, repeatRow } from './repeat-rows.js';
import type { Cell, CellId, DoseResponse, RunJson } from './run-json.js';
import { folded, table } from './text-table.js';
import { throttledIn } from './untrusted.js';

const MIB = 1 << 20;

export function renderTerminal(run: RunJson): string {
  const lines = [`stuckfs ${run.stuckfs}, kernel ${run.kernel}, on ${run.on}, seed ${run.seed}`, ''];
  if (run.damage.length > 0)
    lines.push('the run directory is damaged:', ...run.damage.map((text) => `  ${text}`), '');
  const found = findings(run, (one) => `${one.scenario} x ${one.trigger}, ${armOf(one)} arm`);
  if (found.length > 0) lines.push('findings:', ...found.map((text) => `  ${text}`), '');
  lines.push(...table([head, ...run.cells.filter(isShown).map(row)], ['expected', 'moved']));
  if (run.repeats.length > 0)
    lines.push('', ...table([repeatHead, ...run.repeats.map((one) => repeatRow(one, armOf(one)))]));
  for (const curve of run.doseResponses) lines.push('', ...doseTable(curve));
  for (const cell of run.cells.filter(isShown)) lines.push('', ...details(cell));
  const skipped = run.cells.filter(({ verdict }) => verdict === 'skip').length;
  const skips = skipped === 0 ? '' : ` (${skipped} of ${run.cells.length} rows were skipped)`;
  lines.push(...mitigationTable(run.cells.filter(isShown)));
  lines.push('', `verdict: ${run.verdict}${skips}`);
  return `${lines.map(printable).flatMap(folded).join('\n')}\n`;
}

const head = ['scenario', 'trigger', 'arm', 'outcome', 'expected', 'verdict', 'moved', 'took ms'];

/** What comes out as expected each time is shown once. */
export function isShown({ repeat, verdict }: Cell): boolean {
  return repeat === 1 || verdict === 'fail' || verdict === 'unknown';
}

function row(cell: Cell): string[] {
  const { evidence } = cell;
  return [
    cell.scenario,
    cell.trigger,
    armOf(cell),
    cell.verdict === 'skip' ? '-' : cell.outcome,
    cell.expected ?? '-',
    cell.verdict,
    `${evidence.stuckMoved}/${evidence.stuckFolios}`,
    milliseconds(evidence.triggerMs),
  ];
}

/** `fault`, `fault 250ms`, `control on libfuse`, `fault+abort`. */
export function armOf({ arm, variant, mitigation, transport }: CellId): string {
  const kind = `${arm ?? '-'}${mitigation === 'none' ? '' : `+${mitigation}`}`;
  return `${kind}${variant === null ? '' : ` ${variant}`}${transport === 'dev-fuse' ? '' : ` on ${transport}`}`;
}

function doseTable(curve: DoseResponse): string[] {
  const { scenario, points, slope, interceptMs, residualMs, verdict, reason } = curve;
  const rows = points.map(({ delayMs, stallMs, offLineMs }) =>
    [`${delayMs}`.padEnd(10), milliseconds(stallMs).padEnd(10), offLineMs?.toFixed(1) ?? '-'].join(''),
  );
  const line =
    slope === null
      ? 'no line'
      : `slope ${slope.toFixed(3)} (1 expected), intercept ${milliseconds(interceptMs)} ms, ` +
        `residual ${residualMs?.toFixed(1) ?? '-'} ms rms`;
  return [
    `${scenario}: the stall as a function of the delay`,
    `  ${'delay ms'.padEnd(10)}${'stall ms'.padEnd(10)}off the line ms`,
    ...rows.map((row) => `  ${row}`),
    `  ${line}: ${verdict}`,
    `  ${reason}`,
  ];
}

function milliseconds(ms: number | null): string {
  return ms === null ? '-' : ms.toFixed(0);
}

function details(cell: Cell): string[] {
  const { evidence } = cell;
  if (cell.arm === null)
    return [
      `${cell.scenario}${cell.variant === null ? '' : ` ${cell.variant}`} x ${cell.trigger} on ${cell.transport}: ` +
        `skipped: ${cell.reason ?? ''}`,
    ];
  return [
    `${cell.scenario} x ${cell.trigger}, ${armOf(cell)} arm: ${cell.outcome}`,
    ...factsUntilRelease(cell).map(factLine),
    ...evidence.waiters.flatMap(waiterLines),
    ...factsAfterRelease(cell).map(factLine),
  ];
}

/** A name and what is told under it. */
export type Fact = readonly [name: string, text: string];

function factLine([name, text]: Fact): string {
  return `  ${`${name}:`.padEnd(18)}${text}`;
}

export function factsUntilRelease(cell: Cell): Fact[] {
  const { evidence } = cell;
  const facts: Fact[] = [];
  const say = (name: string, text: string) => facts.push([name, text]);
  if (cell.reason !== undefined) say('because', cell.reason);
  for (const { attempt, outcome, inconclusive, reason } of cell.earlier)
    say(`attempt ${attempt}`, `${inconclusive ? 'inconclusive' : outcome}: ${reason}`);
  if (cell.decidedBy !== null) say('decided by', cell.decidedBy);
  const isHeld = cell.arm === 'fault' && evidence.serverPages === null && evidence.folios === null;
  if (isHeld) {
    const mib = (evidence.heldBytes / MIB).toFixed(0);
    const word = evidence.stuckBy === 'reference' ? 'pinned' : 'held';
    say(word, `${evidence.heldRequests} requests, ${mib} MiB, for ${milliseconds(evidence.heldMs)} ms`);
  }
  if (evidence.untrusted !== null) facts.push(...userFacts(evidence.untrusted));
  if (evidence.folios === null)
    say('stuck set', `${evidence.stuckFolios} folios, ${flagsOf(evidence)} in kpageflags`);
  else facts.push(...folioFacts(evidence.folios, evidence.stuckFolios));
  say(
    'moved',
    `${evidence.stuckMoved} of the stuck set${isHeld ? ' while held' : ''}, ` +
      `${evidence.controlMoved} of ${evidence.controlFolios} beside it; ${movedAtEnd(evidence)}`,
  );
  if (evidence.cost !== null) {
    const { wanted, obtained, pageblocks, pageblocksFreed, controlPageblocksFreed } = evidence.cost;
    const beside =
      controlPageblocksFreed === null || cell.arm === 'control'
        ? ''
        : `; in the control arm ${controlPageblocksFreed}`;
    say('huge pages', `asked ${wanted} at most, obtained ${obtained}`);
    say(
      'pageblocks',
      `${pageblocksFreed} of ${pageblocks} with folios of the stuck set are huge pages now${beside}`,
    );
  }
  if (evidence.serverPages !== null) facts.push(...pageFacts(evidence.serverPages));
  if (evidence.reach === 'asked') say('asked for', `${evidence.scannerReached} of the stuck set`);
  else
    say(
      'scanner',
      `reached ${evidence.scannerReached} of the stuck set, ${evidence.controlReached} beside it`,
    );
  const status = Object.entries(evidence.pageStatus ?? {});
  if (status.length > 0) say('page status', status.map(([word, pages]) => `${pages} x ${word}`).join(', '));
  if (evidence.unplugged !== undefined) {
    const { said, blocks, blocksLeft } = evidence.unplugged;
    say('DIMM', `${said}; ${blocksLeft} of its ${blocks} memory blocks left`);
  }
  say('mm_migrate_pages', `nr_succeeded ${evidence.migrateSucceeded}, nr_failed ${evidence.migrateFailed}`);
  if (evidence.stallMs !== null) say('stall', `${milliseconds(evidence.stallMs)} ms in one migration`);
  if (evidence.endAfterReleaseMs !== null) {
    say(
      'trigger',
      `took ${milliseconds(evidence.triggerMs)} ms; ended ${evidence.endAfterReleaseMs.toFixed(1)} ms ` +
        `after the ${endOfHold(cell)}`,
    );
  } else say('trigger', `took ${milliseconds(evidence.triggerMs)} ms`);
  return facts;
}

export function factsAfterRelease({ evidence }: Cell): Fact[] {
  const facts: Fact[] = [];
  const say = (name: string, text: string) => facts.push([name, text]);
  if (evidence.mitigation !== null)
    facts.push(...mitigationFacts(evidence.mitigation, evidence.byteExact !== null));
  if (evidence.byteExact !== null)
    say('data', evidence.byteExact ? 'byte-exact, cached and as served' : 'NOT byte-exact');
  say('nr_writeback', `${evidence.writebackBefore ?? '-'} before, ${evidence.writebackAfter ?? '-'} after`);
  say('trace', `${evidence.lostEvents} events lost`);
  return facts;
}

/** Where the folios cannot be mapped, only what is left in their old frames is seen: nowhere else. */
function movedAtEnd({ stuckMovedAtEnd, mitigation }: Cell['evidence']): string {
  return mitigation?.confirmedBy === 'kpageflags' ? 'not seen at the end' : `${stuckMovedAtEnd} at the end`;
}

function endOfHold({ evidence, mitigation }: Cell): string {
  if (evidence.delayMs !== null) return 'first delayed answer';
  return evidence.mitigation?.endsConnection === true ? `mitigation (${mitigation})` : 'release';
}

function flagsOf({ stuckBy, stuckLocked, stuckWriteback }: Cell['evidence']): string {
  return stuckBy === 'lock' ? `${stuckLocked} LOCKED and not UPTODATE` : `${stuckWriteback} with WRITEBACK`;
}

function folioFacts(folios: NonNullable<Cell['evidence']['folios']>, pages: number): Fact[] {
  const { order, ofOrder, dirty, withState, hugetlb, memory, fragmented, wholeAfter, movedWhole } = folios;
  const size = order === 0 ? '4 KiB' : `${2 ** (order + 2)} KiB (order ${order})`;
  const kind =
    memory === 'xfs' ? `${dirty} dirty, ${withState} with iomap's state` : `${hugetlb} hugetlb pages`;
  const room = fragmented ? 'order 0 only' : 'more than their order';
  const facts: Fact[] = [
    ['stuck set', `${pages} pages in ${ofOrder} folios of ${size}: ${kind}`],
    ['room', `free pages of ${room} for them`],
    ['folios', `${wholeAfter} of ${ofOrder} whole afterwards, ${movedWhole} of them moved`],
  ];
  const { split, splitFailed, splitAsked, splitDone, cutBytes } = folios;
  if (split !== null)
    facts.push(['splits', `of that size meanwhile: ${split} done, ${splitFailed ?? '-'} refused`]);
  if (splitAsked !== null) {
    const cut =
      (cutBytes ?? 0) === 0 ? '' : ` (cuts ${(cutBytes ?? 0) >> 10} KiB off, compared as cached only)`;
    facts.push(['asked to split', `${splitDone} of ${splitAsked} were, by ftruncate(2)${cut}`]);
  }
  if (folios.splitHugePages !== null)
    facts.push(['asked to split', splitThroughDebugfs(folios.splitHugePages)]);
  return facts;
}

type SplitHugePages = NonNullable<NonNullable<Cell['evidence']['folios']>['splitHugePages']>;

function splitThroughDebugfs({ lacking, asked, done, split, splitFailed }: SplitHugePages): string {
  if (lacking !== null && asked === 0) return `not by split_huge_pages: ${lacking}`;
  const counted = split === null ? 'not counted' : `counted: ${split} done, ${splitFailed ?? '-'} refused`;
  const end = lacking === null ? '' : `, then no more: ${lacking}`;
  return `${done} of ${asked} were, by split_huge_pages (${counted})${end}`;
}

function userFacts(user: NonNullable<Cell['evidence']['untrusted']>): Fact[] {
  const mib = (bytes: number) => (bytes / MIB).toFixed(0);
  const { serverUid, maxRatio, strictLimit, writerStack, wantedBytes, atTrigger, atHoldEnd } = user;
  const stopped = writerStack?.includes(throttledIn) ? `, stopped in ${throttledIn}` : '';
  const at = ({ heldRequests, heldBytes, writebackPages }: typeof atTrigger) =>
    `${heldRequests} requests held, ${mib(heldBytes)} MiB; nr_writeback ${writebackPages}`;
  const facts: Fact[] = [
    [
      'user',
      `uid ${serverUid} in its own user namespace; max_ratio ${maxRatio}, strict_limit ${strictLimit}`,
    ],
    ['writer', `wrote ${mib(atTrigger.writtenBytes)} of ${mib(wantedBytes)} MiB${stopped}`],
  ];
  if (atHoldEnd !== null) facts.push(['at the trigger', at(atTrigger)], ['at the end', at(atHoldEnd)]);
  return facts;
}

function pageFacts(pages: NonNullable<Cell['evidence']['serverPages']>): Fact[] {
  const { replaced, kept, fromOtherFilesystem, pageblocks } = pages;
  const blocks = pageblocks.map(
    ({ migratetype, folios, moved }): Fact => [
      'pageblocks',
      `${folios} in ${migratetype ?? 'unseen'} pageblocks, ${moved} of them moved`,
    ],
  );
  return [
    ['server pages', `${replaced} folios, ${fromOtherFilesystem} out of another page cache; ${kept} are not`],
    ...blocks,
  ];
}

function waiterLines(waiter: Cell['evidence']['waiters'][number]): string[] {
  const lines = [`  waiter: ${waiter.comm}[${waiter.pid}] (${waiter.role}), state ${waiter.state}`];
  if (waiter.waitsFor !== undefined) {
    const { bdi, inode, index, pfn, unique, namedBy } = waiter.waitsFor;
    const frame = pfn === undefined ? '' : ` pfn=0x${pfn.toString(16)}`;
    lines.push(
      `    waits for bdi ${bdi} ino=${inode} index=${index}${frame}, held by unique=${unique ?? '(none)'}`,
    );
    if (namedBy !== 'folio_wait_writeback')
      lines.push(
        '      (the likeliest of the last range isolated: no event names a folio waited for its lock)',
      );
  }
  return [...lines, ...waiter.stack.map((symbol) => `    ${symbol}`)];
}
