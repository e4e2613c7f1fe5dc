/** A matrix for a terminal or a mail: a column for each kernel, then what changed, what failed and what is not known. */
import { printable } from '../report/render/one-line.js';
import { armOf } from '../report/terminal.js';
import { folded } from '../report/text-table.js';
import type { MatrixBoot, MatrixEntry, MatrixJson, MatrixRow } from './matrix-json.js';

/** Of the console of a guest that failed. */
const tailLines = 6;

export function renderMatrix(matrix: MatrixJson): string {
  const { rows } = matrix;
  const prose = [
    ...section('changed from kernel to kernel:', rows.filter(isChanged).flatMap(changeLines)),
    ...section('not as expected:', rows.flatMap(failLines)),
    ...section(
      'the stall as a function of the delay, not as expected:',
      matrix.doseResponses
        .filter(({ verdict }) => verdict !== 'pass')
        .map((one) => `${one.kernel}: ${one.scenario} x ${one.trigger}: ${one.verdict}: ${one.reason}`),
    ),
    ...section('unknown:', grouped(rows, 'unknown')),
    ...section('skipped:', grouped(rows, 'skip')),
    ...section('boots that gave no result:', matrix.boots.flatMap(deadBoot)),
    ...section('damaged run directories:', matrix.boots.flatMap(damaged)),
  ];
  const lines = [
    ...headLines(matrix),
    '',
    ...tableLines(matrix),
    ...prose.map(printable).flatMap(folded),
    '',
    `${rows.filter(isChanged).length} of ${rows.length} arms changed from kernel to kernel; ${count(rows, 'fail')} ` +
      `not as expected, ${count(rows, 'unknown')} unknown, ${count(rows, 'skip')} skipped of ` +
      `${rows.length * matrix.kernels.length}`,
    `verdict: ${matrix.verdict}`,
  ];
  return `${lines.join('\n')}\n`;
}

function headLines({ stuckfs, plan, shards, kernels, boots }: MatrixJson): string[] {
  const of =
    shards.length === 0 ? '' : `, of ${shards.length === 1 ? 'shard' : 'shards'} ${shards.join(' ')}`;
  const width = Math.max(...kernels.map(({ label }) => label.length));
  return [
    printable(`stuckfs ${stuckfs}, matrix ${plan}${of}`),
    '',
    ...kernels.map(({ label, name, release, source }) => {
      const from =
        source.kind === 'debian'
          ? `${source.suite}, ${source.packages[0]?.name ?? ''} ${source.packages[0]?.version ?? ''}`
          : source.kind === 'deb'
            ? source.file
            : name;
      const ours = boots.filter(({ kernel, state }) => kernel === label && state !== 'not-played').length;
      return printable(
        `${label.padEnd(width)}  ${release} (${from}), ${ours} ${ours === 1 ? 'boot' : 'boots'}`,
      );
    }),
  ];
}

/** Under a line for each scenario and trigger, so that four kernels fit into a hundred columns. */
function tableLines({ kernels, rows }: MatrixJson): string[] {
  const body = rows.map((row) => ({
    group: `${row.scenario} x ${row.trigger}`,
    cells: [`  ${armOf(row)}`, ...row.kernels.map(cellText), isChanged(row) ? 'changed' : ''],
  }));
  const head = ['', ...kernels.map(({ label }) => label), ''];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...body.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    printable(cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')).trimEnd();
  return [
    line(head),
    ...body.flatMap(({ group, cells }, index) =>
      group === body[index - 1]?.group ? [line(cells)] : [printable(group), line(cells)],
    ),
  ];
}

function cellText({ state, outcome, verdict }: MatrixEntry): string {
  if (state === 'skipped') return 'skipped';
  if (state === 'missing') return 'no result';
  if (verdict === 'fail') return `${outcome} FAIL`;
  return verdict === 'unknown' && outcome !== 'unknown' ? `${outcome} (?)` : outcome;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function isChanged({ changes }: MatrixRow): boolean {
  return changes.length > 0;
}

function nameOf(row: MatrixRow): string {
  return `${row.scenario} x ${row.trigger}, ${armOf(row)} arm`;
}

/** Both sides of each change, with where the evidence is. */
function changeLines(row: MatrixRow): string[] {
  const [first] = row.changes;
  const story = [
    `${first?.before} up to ${first?.from}`,
    ...row.changes.map(({ to, after }) => `${after} from ${to} on`),
  ];
  const sides = new Set(row.changes.flatMap(({ from, to }) => [from, to]));
  return [
    `${nameOf(row)}: ${story.join(', ')}`,
    ...row.kernels.filter(({ kernel }) => sides.has(kernel)).flatMap(entryLines),
  ];
}

function entryLines({ kernel, verdict, reason, decidedBy, evidence }: MatrixEntry): string[] {
  return [
    `    ${kernel}: ${reason ?? ''} (${verdict})`,
    ...(decidedBy === null ? [] : [`      decided by ${decidedBy}`]),
    `      ${evidence ?? 'no evidence'}`,
  ];
}

function failLines(row: MatrixRow): string[] {
  return row.kernels
    .filter(({ verdict }) => verdict === 'fail')
    .flatMap(({ kernel, outcome, expected, reason, evidence }) => [
      `${nameOf(row)}, on ${kernel}: ${outcome}, expected ${expected ?? '-'}: ${reason ?? ''}`,
      `    ${evidence ?? ''}`,
    ]);
}

/** A reason is told once, with all that it is the reason of. */
function grouped(rows: readonly MatrixRow[], wanted: MatrixEntry['verdict']): string[] {
  const groups = new Map<string, { kernels: Set<string>; names: Set<string> }>();
  for (const row of rows)
    for (const { kernel, verdict, reason } of row.kernels) {
      if (verdict !== wanted) continue;
      const group = groups.get(reason ?? '') ?? { kernels: new Set(), names: new Set() };
      group.kernels.add(kernel);
      group.names.add(nameOf(row));
      groups.set(reason ?? '', group);
    }
  return [...groups].flatMap(([reason, { kernels, names }]) => [
    `on ${[...kernels].join(', ')}: ${reason}`,
    ...[...names].map((name) => `    ${name}`),
  ]);
}

function deadBoot({ kernel, name, failure }: MatrixBoot): string[] {
  if (failure === null) return [];
  return [
    `${kernel} ${name}: ${failure.code}: ${failure.message}`,
    ...failure.tail.slice(-tailLines).map((line) => `    | ${line}`),
  ];
}

function damaged({ kernel, name, damage }: MatrixBoot): string[] {
  return damage.map((text) => `${kernel} ${name}: ${text}`);
}

function count(rows: readonly MatrixRow[], wanted: MatrixEntry['verdict']): number {
  return rows.flatMap(({ kernels }) => kernels).filter(({ verdict }) => verdict === wanted).length;
}
