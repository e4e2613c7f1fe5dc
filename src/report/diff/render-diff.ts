/** What differs between two runs, for a terminal or a mail: what changed first, then the rest in one table. */
import { printable } from '../render/one-line.js';
import { spreadText } from '../repeat-rows.js';
import { armOf } from '../terminal.js';
import { folded, table } from '../text-table.js';
import type { CellDiff, DiffJson, DiffSide, DoseDiff, DoseSide } from './diff-json.js';

export function renderDiff(diff: DiffJson): string {
  const changed = diff.cells.filter((cell) => cell.changed.length > 0);
  const lines = [
    runLine('before', diff.before),
    runLine('after', diff.after),
    ...damageLines('before', diff.before.damage),
    ...damageLines('after', diff.after.damage),
    '',
    ...(changed.length === 0 ? [] : ['changed:', ...changed.flatMap(changeLines), '']),
    ...table([head, ...diff.cells.map(row)]),
    ...figureLines('pageblocks of the set that became huge pages', diff.cells.flatMap(pageblocksLine)),
    ...figureLines('the stall as a function of the delay', diff.doseResponses.flatMap(doseLines)),
    ...valueLines('features of the kernel', diff.features),
    ...valueLines('environment', diff.environment),
    '',
    `${changed.length} of ${diff.cells.length} arms changed; ${doseCount(diff.doseResponses)}` +
      (diff.outcomesChanged ? 'outcomes are not the same' : 'every outcome is the same'),
  ];
  return `${lines.map(printable).flatMap(folded).join('\n')}\n`;
}

function doseCount(doses: readonly DoseDiff[]): string {
  const changed = doses.filter((one) => one.changed.length > 0).length;
  return doses.length === 0 ? '' : `${changed} of ${doses.length} doses; `;
}

function runLine(when: string, run: DiffJson['before']): string {
  const { directory, kernel, stuckfs, on, verdict } = run;
  return `${`${when}:`.padEnd(8)}${directory}: kernel ${kernel}, on ${on}, stuckfs ${stuckfs}, verdict ${verdict}`;
}

function damageLines(when: string, damage: readonly string[]): string[] {
  return damage.map((text) => `  ${when} is damaged: ${text}`);
}

function changeLines(cell: CellDiff): string[] {
  const { scenario, trigger, before, after, changed } = cell;
  return [
    `  ${scenario} x ${trigger}, ${armOf(cell)} arm: ${sideText(before)}, now ${sideText(after)}`,
    ...(changed.includes('expected')
      ? [`      expected: ${before?.expected ?? '-'}, now ${after?.expected ?? '-'}`]
      : []),
    ...(changed.includes('decidedBy')
      ? [`      decided by: ${before?.decidedBy ?? '-'}, now ${after?.decidedBy ?? '-'}`]
      : []),
    ...figures.flatMap(([what, name, textOf]) =>
      changed.includes(what)
        ? [
            `      ${name}: ${before === null ? '-' : textOf(before)}, now ${after === null ? '-' : textOf(after)}`,
          ]
        : [],
    ),
    ...because('before', before),
    ...because('after', after),
  ];
}

/** What a mitigation did, by what may have changed of it. */
const figures: readonly (readonly [
  what: CellDiff['changed'][number],
  name: string,
  textOf: (side: DiffSide) => string,
])[] = [
  [
    'frees',
    'frees the set',
    ({ frees }) => listed(frees.map((one) => (one === null ? 'not shown' : one ? 'yes' : 'no'))),
  ],
  [
    'lost',
    'lost',
    ({ lostBytes }) => listed(lostBytes.map((one) => (one === null ? 'not known' : `${one} bytes`))),
  ],
  ['told', 'told', ({ told }) => listed(told)],
];

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? '-' : texts.join(' and ');
}

function figureLines(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines];
}

function pageblocksLine(cell: CellDiff): string[] {
  const [old, now] = [cell.before, cell.after].map((side) => side?.pageblocksFreed ?? null);
  if (old === null && now === null) return [];
  const name = `${cell.scenario} x ${cell.trigger}, ${armOf(cell)} arm`;
  return [`  ${name}: ${timeText(old ?? null)} > ${timeText(now ?? null)}`];
}

function doseLines({ scenario, trigger, before, after, changed }: DoseDiff): string[] {
  const text = (side: DoseSide | null) =>
    side === null
      ? 'not in the run'
      : `slope ${slopeText(side.slope)} (${side.verdicts.join(' and ')}), intercept ${timeText(side.interceptMs)} ms`;
  const reasons = [before, after].map((side) => side?.reason ?? '-');
  return [
    `  ${scenario} x ${trigger}: ${text(before)}, now ${text(after)}`,
    ...(changed.length === 0 ? [] : [`      before: ${reasons[0]}`, `      after: ${reasons[1]}`]),
  ];
}

function slopeText(slope: DoseSide['slope']): string {
  if (slope === null) return '-';
  const { min, median, max } = slope;
  return [...new Set([min, median, max].map((one) => one.toFixed(3)))].join('..');
}

function because(when: string, side: DiffSide | null): string[] {
  return side === null || side.reason === null ? [] : [`      ${when}: ${side.reason}`];
}

function sideText(side: DiffSide | null): string {
  if (side === null) return 'not in the run';
  if (side.runs === 0) return 'skipped';
  return `${side.outcomes.join(' and ')} (${side.verdicts.join(' and ')})`;
}

const head = ['scenario', 'trigger', 'arm', 'outcome', 'trigger ms', 'stall ms'];

function row(cell: CellDiff): string[] {
  const { scenario, trigger, before, after } = cell;
  const both = (of: (side: DiffSide) => string) => {
    const [old, now] = [before, after].map((side) => (side === null ? '-' : of(side)));
    return old === now ? `${old}` : `${old} > ${now}`;
  };
  return [
    scenario,
    trigger,
    armOf(cell),
    both(({ outcomes }) => outcomes.join('+')),
    both(({ triggerMs }) => timeText(triggerMs)),
    both(({ stallMs }) => timeText(stallMs)),
  ];
}

/** One time as it is; several as least, median and most. */
function timeText(times: DiffSide['triggerMs']): string {
  return times !== null && times.min === times.max ? times.median.toFixed(0) : spreadText(times);
}

function valueLines(
  title: string,
  values: readonly { readonly name: string; readonly before: unknown; readonly after: unknown }[],
): string[] {
  if (values.length === 0) return [];
  const text = (value: unknown) => (value === null ? '-' : String(value));
  return [
    '',
    `${title}:`,
    ...values.map(({ name, before, after }) => `  ${name}: ${text(before)} > ${text(after)}`),
  ];
}
