/** What the page says of one arm: what was found, the timeline, the map of memory, who waits and where. */
import type { ArmTimeline } from '../../arm-timeline.js';
import type { MemoryMap } from '../../memory-map.js';
import type { Cell } from '../../run-json.js';
import { armOf, type Fact, factsAfterRelease, factsUntilRelease } from '../../terminal.js';
import { html, lines, type Markup, nothing } from './markup.js';
import { memoryFigure } from './memory-figure.js';
import { timelineFigure } from './timeline-figure.js';
import { badge } from './verdict-table.js';

export interface ArmView {
  readonly cell: Cell;
  /** undefined where the arm did not begin. */
  readonly timeline: ArmTimeline | undefined;
  readonly map: MemoryMap | undefined;
}

export function armSection({ cell, timeline, map }: ArmView, number: number): Markup {
  const { waiters } = cell.evidence;
  const awaited = waiters.find(({ waitsFor }) => waitsFor !== undefined)?.waitsFor?.unique;
  return html`<section class="arm" id="arm-${number}">
<h3>${cell.scenario} × ${cell.trigger}, ${armOf(cell)} arm: ${cell.outcome} ${badge(cell.verdict)}</h3>
${missingNote(timeline)}
${facts([...factsUntilRelease(cell), ...factsAfterRelease(cell)])}
${timeline === undefined ? nothing : timelineFigure(timeline, awaited)}
${map === undefined ? nothing : memoryFigure(map, timeline?.start.arm ?? 0)}
${waiters.length === 0 ? nothing : html`<p class="figure-title">Who waits at the end of the hold, and where</p>`}
${waiters.map(waiter)}
</section>
`;
}

function missingNote(timeline: ArmTimeline | undefined): Markup {
  if (timeline === undefined || timeline.missing.length === 0) return nothing;
  return html`<div class="note unknown">${timeline.missing.map((what) => html`<p>${what}</p>`)}</div>`;
}

function facts(all: readonly Fact[]): Markup {
  return html`<dl>
${all.map(
  ([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>
`,
)}</dl>`;
}

function waiter({ comm, pid, role, state, stack, waitsFor }: Cell['evidence']['waiters'][number]): Markup {
  return html`<p><code>${comm}[${pid}]</code> (${role}), state ${state}${waitsFor === undefined ? nothing : waits(waitsFor)}</p>
<pre>${lines(stack)}</pre>
`;
}

function waits(found: NonNullable<Cell['evidence']['waiters'][number]['waitsFor']>): Markup {
  const { bdi, inode, index, pfn, unique, namedBy } = found;
  const frame = pfn === undefined ? '' : ` pfn=0x${pfn.toString(16)}`;
  const likely =
    namedBy === 'folio_wait_writeback'
      ? ''
      : ' (the likeliest of the last range isolated: no event names a folio waited for its lock)';
  return html`, waits for <code>bdi ${bdi} ino=${inode} index=${index}${frame}</code>, held by unique=${unique ?? '(none)'}${likely}`;
}
