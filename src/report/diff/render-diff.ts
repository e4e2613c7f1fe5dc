/** What differs between two runs, for a terminal or a mail: what changed first, then the rest in one table. */
import { printable } from '../render/one-line.js';
import { spreadText } from '../repeat-rows.js';
import { armOf } from '../terminal.js';
import { folded, table } from '../text-table.js';
import type { CellDiff, DiffJson, DiffSide } from './diff-json.js';

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
    ...valueLines('features of the kernel', diff.features),
    ...valueLines('environment', diff.environment),
    '',
    `${changed.length} of ${diff.cells.length} arms changed; ` +
      (diff.outcomesChanged ? 'outcomes are not the same' : 'every outcome is the same'),
  ];
  return `${lines.map(printable).flatMap(folded).join('\n')}\n`;
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
    ...because('before', before),
    ...because('after', after),
  ];
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
