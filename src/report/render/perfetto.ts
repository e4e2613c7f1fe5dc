/**
 * The run as a trace for Perfetto (ui.perfetto.dev) or chrome://tracing: arms and triggers, held requests, tasks that
 * wait, attempts to migrate, and counters.  Times are those of the trace: CLOCK_MONOTONIC.
 */

import type { EventOf } from '../arm-events.js';
import type { ArmTimeline, HeldSpan } from '../arm-timeline.js';
import type { RunJson } from '../run-json.js';
import { taskWaits } from './task-waits.js';
import {
  counterEvent,
  instantEvent,
  nameEvents,
  type Span,
  spanEvents,
  type TraceEvent,
  traceDocument,
} from './trace-event.js';

/** The viewer's processes, in its order. */
const pids = { run: 1, held: 2, waiting: 3, migration: 4, counters: 5 } as const;
const armTrack = { pid: pids.run, tid: 1 };
const triggerTrack = { pid: pids.run, tid: 2 };
/** Rows beside each other; the counter of held requests counts the others, too. */
const MOST_LANES = 512;
/** Of a counter, in one arm. */
const MOST_SAMPLES = 2000;

export function renderPerfetto(run: RunJson, timelines: readonly ArmTimeline[]): string {
  const lanes = heldLanes(timelines.flatMap(({ held }) => held));
  const events = [
    ...nameEvents(
      pids.run,
      'stuckfs run',
      new Map([
        [armTrack.tid, 'arms'],
        [triggerTrack.tid, 'triggers'],
      ]),
    ),
    ...spanEvents(armTrack, 'arm', timelines.map(armSpan)),
    ...spanEvents(triggerTrack, 'trigger', timelines.flatMap(triggerSpans)),
    ...timelines.flatMap(releases),
    ...nameEvents(
      pids.held,
      'held requests',
      new Map(lanes.map((_, lane) => [lane + 1, `held ${lane + 1}`])),
    ),
    ...lanes.flatMap((spans, lane) =>
      spanEvents({ pid: pids.held, tid: lane + 1 }, 'held', spans.map(heldSpan)),
    ),
    ...waitingEvents(timelines),
    ...migrationEvents(timelines),
    ...nameEvents(pids.counters, 'counters', new Map()),
    ...timelines.flatMap(counters),
  ];
  const missing = timelines.flatMap(({ start, missing }) =>
    missing.map((what) => `arm ${start.arm}: ${what}`),
  );
  const { stuckfs, kernel, on, seed, verdict } = run;
  return traceDocument(events, { stuckfs, kernel, on, seed, verdict, clock: 'CLOCK_MONOTONIC', missing });
}

function armName({ kind, mitigation, variant, scenario, trigger }: EventOf<'arm-started'>): string {
  const arm = mitigation === 'none' ? kind : `${kind}+${mitigation}`;
  return `${scenario} x ${trigger}, ${arm}${variant === null ? '' : ` ${variant}`}`;
}

function armSpan({ start, startUs, endUs }: ArmTimeline): Span {
  const { arm, attempt, transport, device } = start;
  return { name: armName(start), fromUs: startUs, untilUs: endUs, args: { arm, attempt, transport, device } };
}

function triggerSpans({ start, trigger, events }: ArmTimeline): Span[] {
  if (trigger === undefined) return [];
  const result = events.first('trigger-ended')?.result ?? null;
  return [{ name: start.trigger, ...trigger, args: { arm: start.arm, result } }];
}

function releases({ events, releasedUs }: ArmTimeline): TraceEvent[] {
  const released = events.first('released');
  if (released === undefined || releasedUs === undefined) return [];
  return [instantEvent(triggerTrack, 'release', `let go by ${released.by}`, releasedUs)];
}

/** First fit, in the order in which they began. */
function heldLanes(held: readonly HeldSpan[]): HeldSpan[][] {
  const lanes: HeldSpan[][] = [];
  for (const span of [...held].sort((a, b) => a.fromUs - b.fromUs)) {
    const free = lanes.find((lane) => (lane.at(-1)?.untilUs ?? 0) <= span.fromUs);
    if (free !== undefined) free.push(span);
    else if (lanes.length < MOST_LANES) lanes.push([span]);
  }
  return lanes;
}

function heldSpan({ unique, opcode, nodeid, offset, size, fromUs, untilUs }: HeldSpan): Span {
  return { name: `${opcode} ${unique}`, fromUs, untilUs, args: { unique, nodeid, offset, size } };
}

function waitingEvents(timelines: readonly ArmTimeline[]): TraceEvent[] {
  const waits = timelines.flatMap(taskWaits);
  const byTask = new Map(waits.map(({ tid, comm, role }) => [tid, `${comm}[${tid}] (${role})`]));
  return [
    ...nameEvents(pids.waiting, 'waiting tasks', byTask),
    ...[...byTask.keys()].flatMap((tid) =>
      spanEvents(
        { pid: pids.waiting, tid },
        'wait',
        waits
          .filter((wait) => wait.tid === tid)
          .map(({ state, stack, samples, fromUs, untilUs }) => ({
            name: `${state} in ${stack[0] ?? '(no stack)'}`,
            fromUs,
            untilUs,
            args: { samples, stack },
          })),
      ),
    ),
  ];
}

function migrationEvents(timelines: readonly ArmTimeline[]): TraceEvent[] {
  const tasks = new Map(
    timelines.flatMap(({ attempts, triggerPid }) =>
      attempts.map(({ pid, comm }) => [pid, `${comm}-${pid}${pid === triggerPid ? ' (trigger)' : ''}`]),
    ),
  );
  const spans = timelines.flatMap(({ attempts, endUs }) =>
    attempts.map(({ pid, mode, reason, succeeded, failed, fromUs, untilUs }) => ({
      pid,
      name: mode,
      fromUs,
      untilUs: untilUs ?? endUs,
      args: { reason, succeeded, failed, ended: untilUs !== undefined },
    })),
  );
  return [
    ...nameEvents(pids.migration, 'mm_migrate_pages', tasks),
    ...[...tasks.keys()].flatMap((tid) =>
      spanEvents(
        { pid: pids.migration, tid },
        'migrate',
        spans.filter(({ pid }) => pid === tid),
      ),
    ),
  ];
}

function counters({ startUs, endUs, held, stuck, events }: ArmTimeline): TraceEvent[] {
  const count = (name: string, ts: number, value: number) => counterEvent(pids.counters, name, ts, value);
  return [
    ...heldCounts(startUs, endUs, held).map(({ atUs, requests }) => count('held requests', atUs, requests)),
    count('stuck folios', startUs, 0),
    ...stuck.map(({ atUs, folios }) => count('stuck folios', atUs, folios)),
    count('stuck folios', endUs, 0),
    ...events
      .all('vmstat')
      .flatMap(({ counters: found, atNs }) =>
        Object.entries(found).map(([name, value]) => count(`vmstat ${name}`, atNs / 1000, value)),
      ),
  ];
}

/** How many are held, from time to time: what follows too closely is told together. */
function heldCounts(startUs: number, endUs: number, held: readonly HeldSpan[]) {
  const changes = held
    .flatMap(({ fromUs, untilUs }) => [
      { atUs: fromUs, by: 1 },
      { atUs: untilUs, by: -1 },
    ])
    .sort((a, b) => a.atUs - b.atUs);
  const counts = [{ atUs: startUs, requests: 0 }];
  const apartUs = (endUs - startUs) / MOST_SAMPLES;
  let requests = 0;
  for (const { atUs, by } of changes) {
    requests += by;
    const last = counts.at(-1);
    if (last !== undefined && counts.length > 1 && atUs - last.atUs < apartUs) last.requests = requests;
    else counts.push({ atUs, requests });
  }
  return counts;
}
