/**
 * The run as one page that stands alone: no script, nothing from a network.  What differs from what is expected comes
 * first.  It holds nothing of the machine on which it is made, nor of the time.
 */
import { mitigationHead, mitigationLegend, mitigationRows } from '../../mitigation-table.js';
import { repeatHead, repeatRow } from '../../repeat-rows.js';
import type { DoseResponse, Repeats, RunJson } from '../../run-json.js';
import { armOf, isShown } from '../../terminal.js';
import { escaped } from '../markup.js';
import { type ArmView, armSection } from './arm-section.js';
import { doseFigure } from './dose-figure.js';
import { environmentTable } from './environment-table.js';
import { html, Markup, nothing } from './markup.js';
import { style } from './style.js';
import { badge, notes, verdictTable } from './verdict-table.js';

/** For a browser that would obey markup of a run directory, should any ever come through. */
const policy = "default-src 'none'; style-src 'unsafe-inline'";

/** @param views of the cells of the run, in their order; @param environment undefined where there is none */
export function renderHtml(run: RunJson, views: readonly ArmView[], environment: unknown): string {
  const title = `stuckfs: ${run.verdict} on ${run.kernel}`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${new Markup(escaped(policy))}">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<header>
<h1>What this kernel did with stuck folios</h1>
${badge(run.verdict)}
<p class="quiet">stuckfs ${run.stuckfs}, kernel ${run.kernel}, on ${run.on}, seed ${run.seed}</p>
</header>
<main>
${section('The run directory is damaged', run.damage.map(damageNote))}
${findings(run)}
${section('What is unknown', notes(run.cells, 'unknown'))}
<h2>Verdicts</h2>
${verdictTable(run.cells)}
${section('Mitigations', mitigations(run))}
${section('Each time it was played', run.repeats.length === 0 ? [] : [repeatsTable(run.repeats)])}
${run.doseResponses.length === 0 ? nothing : html`<h2>The stall as a function of the delay</h2>`}
${run.doseResponses.map(dose)}
${section('What was skipped', notes(run.cells, 'skip'))}
${section(
  'The arms',
  views.flatMap((view, index) =>
    view.cell.arm === null || !isShown(view.cell) ? [] : [armSection(view, index + 1)],
  ),
)}
<h2>The environment</h2>
${environmentTable(environment)}
</main>
</body>
</html>
`;
  return page.text;
}

function section(title: string, content: readonly Markup[]): Markup {
  return content.length === 0
    ? nothing
    : html`<h2>${title}</h2>
${content}`;
}

function findings(run: RunJson): Markup {
  const found = [
    ...notes(run.cells, 'fail'),
    ...run.doseResponses
      .filter(({ verdict }) => verdict === 'fail')
      .map(
        ({
          scenario,
          trigger,
          reason,
        }) => html`<div class="note fail"><p>${scenario} × ${trigger}, dose and response ${badge('fail')}</p><p>${reason}</p></div>
`,
      ),
    ...run.repeats.filter(({ flapping }) => flapping).map(flappingNote),
  ];
  if (found.length > 0) return section('Findings: other than expected', found);
  return html`<p class="quiet">No outcome differs from what this kernel is expected to do.</p>`;
}

function flappingNote(one: Repeats): Markup {
  const { scenario, trigger, runs, outcomes } = one;
  const came = Object.entries(outcomes).map(([outcome, times]) => `${outcome} ${times} times`);
  return html`<div class="note unknown"><p>${scenario} × ${trigger}, ${armOf(one)}: flapping ${badge('unknown')}</p><p>of ${runs} runs ${came.join(', ')}</p></div>
`;
}

function damageNote(text: string): Markup {
  return html`<div class="note unknown"><p>${text}</p></div>
`;
}

function repeatsTable(repeats: readonly Repeats[]): Markup {
  const rows = repeats.map((one) => repeatRow(one, armOf(one)));
  return html`${textTable(repeatHead, rows)}
<p class="quiet">Times are least..median..most.</p>
`;
}

function mitigations({ cells }: RunJson): Markup[] {
  const rows = mitigationRows(cells);
  if (rows.length === 0) return [];
  return [
    html`${textTable(mitigationHead, rows)}
<p class="quiet">${mitigationLegend.join(' ')}</p>
`,
  ];
}

function textTable(heads: readonly string[], rows: readonly (readonly string[])[]): Markup {
  return html`<table class="cards">
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (
    row,
  ) => html`<tr>${row.map((text, column) => html`<td data-label="${heads[column] ?? ''}">${text}</td>`)}</tr>
`,
)}</tbody>
</table>
`;
}

function dose(curve: DoseResponse): Markup {
  const { scenario, trigger, transport, points, verdict, reason } = curve;
  const heads = ['delay ms', 'stall ms', 'off the line ms'];
  const row = (values: readonly (number | null)[]) =>
    html`<tr>${values.map((value) => html`<td class="number">${value?.toFixed(1) ?? '–'}</td>`)}</tr>
`;
  return html`<h3>${scenario} × ${trigger} on ${transport} ${badge(verdict)}</h3>
<p>${reason}</p>
${doseFigure(curve)}
<table class="few">
<thead><tr>${heads.map((head) => html`<th scope="col" class="number">${head}</th>`)}</tr></thead>
<tbody>
${points.map(({ delayMs, stallMs, offLineMs }) => row([delayMs, stallMs, offLineMs]))}</tbody>
</table>
`;
}
