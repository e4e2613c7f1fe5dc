/**
 * Held requests against attempts to migrate, on one axis of time: the wait that begins at a folio of a held request
 * and ends with its reply is to be seen here.
 */
import * as Plot from '@observablehq/plot';
import type { ArmTimeline, HeldSpan, MigrationAttempt } from '../../arm-timeline.js';
import { type TaskWait, taskWaits } from '../task-waits.js';
import { figure, isDrawable, type LegendEntry } from './figure.js';
import { html, type Markup, nothing } from './markup.js';

/** More are drawn in groups. */
const MOST_HELD = 96;
/** Spans that lie closer than a pixel or so are one. */
const STEPS = 1600;
/** The same for both plots, so that their axes lie above each other. */
const MARGIN_LEFT = 130;
const MARGIN_RIGHT = 20;

interface Bar {
  readonly row: string;
  readonly x1: number;
  readonly x2: number;
  readonly colour: string;
}

interface Axis {
  /** Milliseconds since the trigger began. */
  readonly toMs: (us: number) => number;
  readonly domain: readonly [number, number];
}

/** @param awaited the request that covers the folio that the trigger waited for */
export function timelineFigure(timeline: ArmTimeline, awaited: string | undefined): Markup {
  const { trigger, releasedUs, held, start } = timeline;
  if (trigger === undefined) return nothing;
  const { fromUs, untilUs } = trigger;
  const lastUs = Math.max(untilUs, releasedUs ?? untilUs);
  const edgeMs = Math.max(1, (lastUs - fromUs) / 1000 / 25);
  const axis: Axis = {
    toMs: (us) => (us - fromUs) / 1000,
    domain: [-edgeMs, (lastUs - fromUs) / 1000 + edgeMs],
  };
  if (!isDrawable([fromUs, lastUs, ...axis.domain]))
    return html`<p class="note unknown">The times of this arm are no times: its timeline cannot be drawn.</p>`;
  const release = releasedUs === undefined ? [] : [axis.toMs(releasedUs)];
  const plots = [upperPlot(timeline, axis, release, held.length === 0)];
  if (held.length > 0) plots.push(heldPlot(groups(held, awaited), held.length, axis, release));
  return figure({
    title: 'Held requests and attempts to migrate',
    label: `Timeline of arm ${start.arm}: the trigger, migration attempts, samples in D state and ${held.length} held requests`,
    plots,
    legend: legendOf(timeline, awaited),
    caption:
      'Each bar of mm_migrate_pages runs from mm_migrate_pages_start to mm_migrate_pages in the trace. ' +
      (held.length > MOST_HELD ? `The ${held.length} requests are drawn in ${MOST_HELD} groups. ` : '') +
      'Time 0 is the start of the trigger; the dashed line is when the set was let go.',
  });
}

function legendOf(timeline: ArmTimeline, awaited: string | undefined): LegendEntry[] {
  const { start, held, attempts, releasedUs } = timeline;
  const isWaiting =
    attempts.some((attempt) => spansRelease(attempt, releasedUs)) || waitsOf(timeline).length > 0;
  const heldText =
    start.stuckBy === 'reference' ? 'request that was answered, and its data left in a pipe' : 'held request';
  return [
    { colour: '--still', text: 'the trigger' },
    { colour: '--moved', text: 'attempt that ended' },
    ...(attempts.some(({ failed }) => failed > 0)
      ? [{ colour: '--fail', text: 'attempt with failures' }]
      : []),
    ...(isWaiting
      ? [{ colour: '--stuck', text: 'attempt that waited for the release; task in D state' }]
      : []),
    ...(held.length > 0 ? [{ colour: '--held', text: heldText }] : []),
    ...(awaited === undefined
      ? []
      : [{ colour: '--stuck', text: `the request that is waited for (unique ${awaited})` }]),
  ];
}

function upperPlot(
  timeline: ArmTimeline,
  { toMs, domain }: Axis,
  release: readonly number[],
  isLast: boolean,
): Plot.PlotOptions {
  const { trigger, triggerPid, attempts, releasedUs, endUs } = timeline;
  const stepMs = (domain[1] - domain[0]) / STEPS;
  const bar = (row: string, fromUs: number, untilUs: number, colour: string): Bar => ({
    row,
    colour,
    x1: clamp(toMs(fromUs), domain),
    x2: clamp(toMs(untilUs), domain),
  });
  const attemptBar = (row: string) => (attempt: MigrationAttempt) =>
    bar(row, attempt.fromUs, attempt.untilUs ?? endUs, colourOf(attempt, releasedUs));
  const own = attempts.filter(({ pid }) => pid === triggerPid).map(attemptBar('mm_migrate_pages'));
  const others = attempts.filter(({ pid }) => pid !== triggerPid).map(attemptBar('of other tasks'));
  const bars = [
    ...(trigger === undefined ? [] : [bar('trigger', trigger.fromUs, trigger.untilUs, 'var(--still)')]),
    ...joined(own, stepMs),
    ...joined(others, stepMs),
  ];
  const seen = waitsOf(timeline);
  const samples = seen
    .flatMap(({ fromUs, untilUs }) => (fromUs === untilUs ? [fromUs] : [fromUs, untilUs]))
    .map((us) => clamp(toMs(us), domain));
  const waits = seen.map(({ fromUs, untilUs }) => bar('in D state', fromUs, untilUs, 'var(--stuck)'));
  const rows = [
    'trigger',
    'mm_migrate_pages',
    ...(others.length > 0 ? ['of other tasks'] : []),
    ...(waits.length > 0 ? ['in D state'] : []),
  ];
  return {
    height: 26 * rows.length + (isLast ? 60 : 24),
    marginLeft: MARGIN_LEFT,
    marginRight: MARGIN_RIGHT,
    marginTop: 18,
    marginBottom: isLast ? 42 : 6,
    x: {
      domain: [...domain],
      label: isLast ? 'ms since the trigger began' : null,
      axis: isLast ? 'bottom' : null,
    },
    y: { domain: rows, label: null, tickSize: 0 },
    marks: [
      Plot.barX(bars, {
        x1: 'x1',
        x2: 'x2',
        y: 'row',
        fill: 'colour',
        stroke: 'colour',
        insetTop: 4,
        insetBottom: 4,
      }),
      Plot.barX(waits, { x1: 'x1', x2: 'x2', y: 'row', fill: 'colour', insetTop: 10, insetBottom: 10 }),
      Plot.dot(samples, { x: (ms: number) => ms, y: () => 'in D state', fill: 'var(--stuck)', r: 3.5 }),
      Plot.ruleX(release, { stroke: 'currentColor', strokeDasharray: '3,3' }),
      Plot.text(release, {
        x: (ms: number) => ms,
        frameAnchor: 'top',
        dy: -14,
        text: () => 'let go',
        fill: 'currentColor',
      }),
    ],
  };
}

function colourOf(attempt: MigrationAttempt, releasedUs: number | undefined): string {
  if (spansRelease(attempt, releasedUs)) return 'var(--stuck)';
  return attempt.failed > 0 ? 'var(--fail)' : 'var(--moved)';
}

function spansRelease({ fromUs, untilUs }: MigrationAttempt, releasedUs: number | undefined): boolean {
  if (releasedUs === undefined || fromUs > releasedUs) return false;
  return untilUs === undefined || untilUs > releasedUs;
}

/** Tasks that were seen in D state while the trigger was at work and until the set was let go. */
function waitsOf(timeline: ArmTimeline): TaskWait[] {
  const { trigger, releasedUs } = timeline;
  if (trigger === undefined) return [];
  const lastUs = Math.max(trigger.untilUs, releasedUs ?? trigger.untilUs);
  return taskWaits(timeline).filter(
    ({ state, fromUs, untilUs }) => state === 'D' && untilUs >= trigger.fromUs && fromUs <= lastUs,
  );
}

/** In order; neighbours of one colour become one bar. */
function joined(bars: readonly Bar[], stepMs: number): Bar[] {
  const result: Bar[] = [];
  for (const bar of bars) {
    const last = result.at(-1);
    if (last?.colour === bar.colour && bar.x1 - last.x2 <= stepMs)
      result[result.length - 1] = { ...last, x2: Math.max(last.x2, bar.x2) };
    else result.push(bar);
  }
  return result;
}

interface HeldBar {
  readonly fromUs: number;
  readonly untilUs: number;
  readonly colour: string;
}

/** By offset, so many to a bar that they can be seen. */
function groups(held: readonly HeldSpan[], awaited: string | undefined): HeldBar[] {
  const inOrder = [...held].sort((a, b) => (a.offset ?? -1) - (b.offset ?? -1));
  const size = Math.ceil(inOrder.length / MOST_HELD);
  const bars: HeldBar[] = [];
  for (let at = 0; at < inOrder.length; at += size) {
    const group = inOrder.slice(at, at + size);
    bars.push({
      fromUs: group.reduce((least, { fromUs }) => Math.min(least, fromUs), Number.POSITIVE_INFINITY),
      untilUs: group.reduce((most, { untilUs }) => Math.max(most, untilUs), 0),
      colour: group.some(({ unique }) => unique === awaited) ? 'var(--stuck)' : 'var(--held)',
    });
  }
  return bars;
}

function heldPlot(
  bars: readonly HeldBar[],
  requests: number,
  { toMs, domain }: Axis,
  release: readonly number[],
): Plot.PlotOptions {
  const rects = bars.map(({ fromUs, untilUs, colour }, index) => ({
    x1: clamp(toMs(fromUs), domain),
    x2: clamp(toMs(untilUs), domain),
    y1: index + 0.12,
    y2: index + 0.88,
    colour,
  }));
  const height = Math.max(30, Math.min(220, bars.length * 4));
  return {
    height: height + 46,
    marginLeft: MARGIN_LEFT,
    marginRight: MARGIN_RIGHT,
    marginTop: 4,
    marginBottom: 42,
    x: { domain: [...domain], label: 'ms since the trigger began' },
    y: { domain: [0, bars.length], reverse: true, axis: null },
    marks: [
      Plot.rect(rects, { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', fill: 'colour' }),
      Plot.ruleX(release, { stroke: 'currentColor', strokeDasharray: '3,3' }),
      Plot.text([`${requests} held\nrequests,\nby offset`], {
        frameAnchor: 'left',
        dx: -10,
        textAnchor: 'end',
        text: (text: string) => text,
        fill: 'currentColor',
      }),
    ],
  };
}

function clamp(value: number, [least, most]: readonly [number, number]): number {
  return Math.min(most, Math.max(least, value));
}
