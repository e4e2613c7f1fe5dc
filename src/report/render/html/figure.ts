/**
 * Draws a plot as SVG that stands in the page: @observablehq/plot on a document of linkedom's.  Colours are the
 * page's own properties, so that one drawing is right in light, dark and print.  No text of a run directory is drawn.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { html, Markup, nothing } from './markup.js';

export const FIGURE_WIDTH = 960;
/** Beyond it, numbers of a run directory that was edited are no times any more. */
const MOST = 1e13;

export interface LegendEntry {
  /** Of the style: `--stuck` and so on. */
  readonly colour: string;
  readonly text: string;
}

export interface Figure {
  readonly title: string;
  /** For those who cannot see it. */
  readonly label: string;
  readonly plots: readonly Plot.PlotOptions[];
  readonly legend?: readonly LegendEntry[];
  readonly caption: string;
}

export function figure({ title, label, plots, legend = [], caption }: Figure): Markup {
  const entries = legend.map(
    ({ colour, text }) => html`<li><i style="background:var(${colour})"></i>${text}</li>`,
  );
  return html`<figure>
<p class="figure-title">${title}</p>
<div class="scroll" role="img" aria-label="${label}">${plots.map(svg)}</div>
${entries.length === 0 ? nothing : html`<ul class="legend">${entries}</ul>`}
<figcaption>${caption}</figcaption>
</figure>
`;
}

/** Whether these can be the ends of an axis. */
export function isDrawable(values: readonly number[]): boolean {
  return values.every((value) => Math.abs(value) <= MOST);
}

function svg(options: Plot.PlotOptions): Markup {
  const { document } = parseHTML('<html><body></body></html>');
  const drawn = Plot.plot({
    width: FIGURE_WIDTH,
    style: { fontSize: '12px', background: 'none' },
    ...options,
    document,
  });
  return new Markup(drawn.outerHTML);
}
