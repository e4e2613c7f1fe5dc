/**
 * Mitigations as people read them: what each did, in its arm's details, and all of them side by side at the end of the
 * report.  From run.json alone.
 */
import type { Cell } from './run-json.js';
import { table } from './text-table.js';

type Mitigation = NonNullable<Cell['evidence']['mitigation']>;

const mib = (bytes: number) => (bytes / (1 << 20)).toFixed(0);
export const mitigationHead = [
  'scenario',
  'mitigation',
  'stuck',
  'without',
  'with',
  'first moved',
  'lost',
  'told',
];

/** One row for each arm with a mitigation. */
export function mitigationRows(cells: readonly Cell[]): string[][] {
  return cells.flatMap((cell) =>
    cell.evidence.mitigation === null ? [] : [rowOf(cell, cell.evidence.mitigation, withoutIt(cell, cells))],
  );
}

/** What the columns of the table say. */
export const mitigationLegend = [
  'the stall without (for the whole hold) and with, in ms; the first of the set moved',
  'so many ms after the act; bytes written and not acknowledged; what fsync(2) and close(2) told;',
  'in brackets where the outcome is unknown; *: the copy of the server was not compared',
] as const;

/** Nothing where there is none. What was told goes on a line of its own: it is long. */
export function mitigationTable(cells: readonly Cell[]): string[] {
  const mitigated = mitigationRows(cells);
  if (mitigated.length === 0) return [];
  const [head = '', rule = '', ...rows] = table(
    [mitigationHead, ...mitigated].map((row) => row.slice(0, -1)),
  );
  return [
    '',
    `mitigations: ${mitigationLegend[0]}`,
    ...mitigationLegend.slice(1),
    head,
    rule,
    ...rows.flatMap((row, index) => [row, `  told: ${mitigated[index]?.at(-1)}`]),
  ];
}

/** The arm of the same cell in which nothing was done but to wait. */
function withoutIt(cell: Cell, cells: readonly Cell[]): Cell | undefined {
  const same = (one: Cell) =>
    one.scenario === cell.scenario &&
    one.trigger === cell.trigger &&
    one.transport === cell.transport &&
    one.variant === cell.variant;
  return cells.find((one) => same(one) && one.arm === cell.arm && one.mitigation === 'none');
}

function rowOf(cell: Cell, mitigation: Mitigation, without: Cell | undefined): string[] {
  const stuck = (of: Cell) => `${mib(of.evidence.heldBytes)} MiB`;
  const sizes = without === undefined || stuck(without) === stuck(cell) ? [cell] : [without, cell];
  return [
    `${cell.scenario}${cell.variant === null ? '' : ` ${cell.variant}`}${cell.transport === 'dev-fuse' ? '' : ` on ${cell.transport}`}`,
    cell.mitigation,
    sizes.map(stuck).join(' -> '),
    without === undefined ? '-' : stallOf(without),
    stallOf(cell),
    ...[movedOf(mitigation), lostInTable(cell, mitigation), toldOf(mitigation)].map(proven(cell)),
  ];
}

/** What an arm shows of which the outcome is unknown is no fact. */
function proven({ outcome }: Cell): (figure: string) => string {
  return (figure) => (outcome === 'unknown' ? `(${figure})` : figure);
}

/** How long the trigger stalled; or what else became of it. */
function stallOf({ outcome, evidence }: Cell): string {
  return outcome === 'stalled' && evidence.stallMs !== null ? evidence.stallMs.toFixed(0) : outcome;
}

function movedOf({ frees, toFirstMigrationMs }: Mitigation): string {
  if (toFirstMigrationMs !== null) return `${toFirstMigrationMs.toFixed(toFirstMigrationMs < 10 ? 1 : 0)} ms`;
  return frees === false ? 'never' : '-';
}

function lostOf({ lostBytes }: Mitigation): string {
  if (lostBytes === null) return '-';
  return lostBytes === 0 ? '0' : `${mib(lostBytes)} MiB`;
}

/** What was acknowledged may be lost, too, where nobody could ask the server for it. */
function lostInTable({ evidence }: Cell, mitigation: Mitigation): string {
  return `${lostOf(mitigation)}${evidence.byteExact === null ? '*' : ''}`;
}

/** `stuck: fsync EIO, close 0`; files that were told the same are told once. */
export function toldOf({ told }: Mitigation): string {
  const of = (file: 'stuck' | 'control') =>
    told
      .filter((one) => one.file === file)
      .map(({ call, errno }) => `${call} ${errno ?? 0}`)
      .join(', ');
  const [stuck, control] = [of('stuck'), of('control')];
  return stuck === control ? `both: ${stuck}` : `stuck: ${stuck}; control: ${control}`;
}

/** Lines of an arm's details, by their names. */
export function mitigationFacts(
  mitigation: Mitigation,
  isCompared: boolean,
): (readonly [name: string, text: string])[] {
  const { appliedAfterMs, freedFolios, confirmedBy, lostBytes, keptBytes, limits } = mitigation;
  const applied =
    appliedAfterMs === null ? 'from the start' : `${appliedAfterMs.toFixed(0)} ms after the trigger's start`;
  const kept = keptBytes === null ? '' : `, ${mib(keptBytes)} MiB still in the page cache`;
  const compared = isCompared ? '' : '; the copy of the server was not compared';
  return [
    ['mitigation', `${applied}; the first of the set moved: ${movedOf(mitigation)}`],
    // By its flags a frame is only known not to hold its folio any more: one that could not be read in may be dropped.
    [
      'freed',
      `${freedFolios} folios ${confirmedBy === 'pagemap' ? 'are elsewhere' : 'have left their frames, moved or dropped'}, by ${confirmedBy}`,
    ],
    [
      'lost',
      `${lostBytes === null ? 'not known how many' : mib(lostBytes)} MiB written and not acknowledged${kept}${compared}`,
    ],
    ['told', toldOf(mitigation)],
    ...(limits === null
      ? []
      : [
          [
            'limits',
            `max_ratio ${limits.maxRatio}, strict_limit ${limits.strictLimit}: wrote ` +
              `${mib(limits.writtenBytes)} of ${mib(limits.wantedBytes)} MiB` +
              (limits.stoppedWriter ? ', then was stopped' : ''),
          ] as const,
        ]),
  ];
}
