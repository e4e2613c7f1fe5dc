/** The stall as a function of the server's delay: the points, the line through them, and the line of slope 1. */
import * as Plot from '@observablehq/plot';
import type { DoseResponse } from '../../run-json.js';
import { figure, isDrawable } from './figure.js';
import { html, type Markup } from './markup.js';

export function doseFigure({ points, slope, interceptMs, residualMs }: DoseResponse): Markup {
  const known = points.flatMap(({ delayMs, stallMs }) => (stallMs === null ? [] : [{ delayMs, stallMs }]));
  const unknown = points.filter(({ stallMs }) => stallMs === null);
  const most = points.reduce((end, { delayMs, stallMs }) => Math.max(end, delayMs, stallMs ?? 0), 1) * 1.08;
  const line =
    slope === null || interceptMs === null
      ? []
      : [0, most].map((delayMs) => ({ delayMs, stallMs: slope * delayMs + interceptMs }));
  if (!isDrawable([most, ...known.map(({ stallMs }) => stallMs), ...line.map(({ stallMs }) => stallMs)]))
    return html`<p class="note unknown">The times of these points are no times: they cannot be drawn.</p>`;
  return figure({
    title: 'Dose and response',
    label: `Stall against delay: ${known.length} of ${points.length} points measured`,
    plots: [
      {
        height: 340,
        marginLeft: 60,
        marginBottom: 44,
        marginTop: 24,
        x: { domain: [0, most], label: 'delay of the server, ms', grid: true },
        y: {
          domain: [Math.min(0, ...known.map(({ stallMs }) => stallMs)), most],
          label: 'stall, ms',
          grid: true,
        },
        marks: [
          Plot.line(
            [0, most].map((ms) => ({ delayMs: ms, stallMs: ms })),
            { x: 'delayMs', y: 'stallMs', stroke: 'var(--still)', strokeDasharray: '4,4' },
          ),
          Plot.line(line, { x: 'delayMs', y: 'stallMs', stroke: 'var(--moved)', strokeWidth: 1.5 }),
          Plot.dot(known, { x: 'delayMs', y: 'stallMs', fill: 'var(--stuck)', r: 5 }),
          Plot.dot(unknown, { x: 'delayMs', y: () => 0, symbol: 'times', stroke: 'var(--unknown)', r: 5 }),
        ],
      },
    ],
    legend: [
      { colour: '--stuck', text: 'measured' },
      { colour: '--moved', text: 'the line through them' },
      { colour: '--still', text: 'stall = delay' },
      ...(unknown.length > 0 ? [{ colour: '--unknown', text: 'not measured (at 0)' }] : []),
    ],
    caption:
      slope === null
        ? 'No line: too few points were measured.'
        : `Slope ${slope.toFixed(3)} (1 expected), intercept ${interceptMs?.toFixed(0) ?? '-'} ms, residual ${residualMs?.toFixed(1) ?? '-'} ms rms.`,
  });
}
