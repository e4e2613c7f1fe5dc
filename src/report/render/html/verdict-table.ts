/** All cells in one table, and those that are not as expected above it. */
import type { Cell, Verdict } from '../../run-json.js';
import { armOf, isShown } from '../../terminal.js';
import { html, type Markup, nothing } from './markup.js';

export function badge(verdict: Verdict): Markup {
  return html`<span class="badge ${verdict}">${verdict}</span>`;
}

export function verdictTable(cells: readonly Cell[]): Markup {
  const heads = ['scenario', 'trigger', 'arm', 'outcome', 'expected', 'verdict', 'moved', 'took ms'];
  return html`<table class="cards">
<thead><tr>${heads.map((head, column) => html`<th scope="col"${numberClass(column)}>${head}</th>`)}</tr></thead>
<tbody>
${cells.map((cell, index) => {
  if (!isShown(cell)) return nothing;
  const { evidence } = cell;
  const values = [
    cell.scenario,
    cell.trigger,
    cell.arm === null ? html`${armOf(cell)}` : html`<a href="#arm-${index + 1}">${armOf(cell)}</a>`,
    cell.outcome,
    cell.expected ?? '–',
    badge(cell.verdict),
    cell.arm === null ? '–' : `${evidence.stuckMoved}/${evidence.stuckFolios}`,
    evidence.triggerMs?.toFixed(0) ?? '–',
  ];
  return html`<tr>${values.map(
    (value, column) => html`<td data-label="${heads[column] ?? ''}"${numberClass(column)}>${value}</td>`,
  )}</tr>
`;
})}</tbody>
</table>
`;
}

function numberClass(column: number): Markup {
  return column >= 6 ? html` class="number"` : nothing;
}

/** Findings, then what is unknown, then what was skipped: each with its reason. */
export function notes(cells: readonly Cell[], verdict: Exclude<Verdict, 'pass'>): Markup[] {
  return cells.flatMap((cell, index) => {
    if (cell.verdict !== verdict) return [];
    const name = `${cell.scenario} × ${cell.trigger}, ${armOf(cell)}`;
    const link = cell.arm === null ? html`${name}` : html`<a href="#arm-${index + 1}">${name}</a>`;
    const what =
      verdict === 'fail' && cell.outcome !== cell.expected
        ? html`<p><strong>${cell.outcome}</strong>, where <strong>${cell.expected ?? 'nothing'}</strong> is expected</p>`
        : nothing;
    const decided =
      cell.decidedBy === null ? nothing : html`<p class="quiet">decided by ${cell.decidedBy}</p>`;
    return [
      html`<div class="note ${verdict}"><p>${link} ${badge(verdict)}</p>${what}<p>${cell.reason ?? ''}</p>${decided}</div>
`,
    ];
  });
}
