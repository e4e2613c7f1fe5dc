/** environment.json as a table: whatever is in it, a row for each value. */
import { html, type Markup } from './markup.js';

/** The file may have been edited. */
const MOST_ROWS = 300;
const MOST_DEPTH = 4;

export function environmentTable(environment: unknown): Markup {
  if (environment === undefined)
    return html`<p class="note unknown">environment.json is missing or cannot be read: what machine this was is unknown.</p>`;
  const all = rows(environment, '', 0);
  const shown = all.slice(0, MOST_ROWS).map(
    ([name, value]) => html`<tr><td>${name}</td><td class="mono">${value}</td></tr>
`,
  );
  const rest =
    all.length > MOST_ROWS ? html`<p class="quiet">and ${all.length - MOST_ROWS} more</p>` : html``;
  return html`<table>
<thead><tr><th scope="col">of the run</th><th scope="col">value</th></tr></thead>
<tbody>
${shown}</tbody>
</table>
${rest}`;
}

function rows(value: unknown, name: string, depth: number): [name: string, value: string][] {
  if (typeof value !== 'object' || value === null) return [[name, String(value)]];
  if (depth >= MOST_DEPTH) return [[name, '…']];
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object'))
    return [[name, value.join('; ')]];
  return Object.entries(value).flatMap(([key, inner]) =>
    rows(inner, name === '' ? key : `${name}.${key}`, depth + 1),
  );
}
