/**
 * The stall as a function of the server's delay: one point for each arm that has a delay, and the line through them.
 * Where the kernel waits for exactly as long as the server takes, its slope is 1; the intercept is what passes between
 * the request and the trigger's wait.
 */
import type { ArmEvidence } from './evidence.js';
import type { Outcome } from './outcome.js';
import type { DoseResponse } from './run-json.js';

/** Fewer say nothing about a line. */
const LEAST_POINTS = 5;
const SLOPE_TOLERANCE = 0.05;
/** Root mean square; a timer and a scheduler lie between the two. */
const MOST_RESIDUAL_MS = 100;

export interface JudgedArm {
  readonly evidence: ArmEvidence;
  readonly outcome: Outcome;
  readonly expected: Outcome | undefined;
}

/** @param arms those of one cell, the last attempt of each; undefined where too few have a delay, or none is to stall */
export function doseResponse(arms: readonly JudgedArm[]): DoseResponse | undefined {
  const doses = arms.filter(({ evidence }) => evidence.delayMs !== undefined);
  const [first] = doses;
  if (
    first === undefined ||
    doses.length < LEAST_POINTS ||
    doses.every(({ expected }) => expected === 'migrated')
  )
    return undefined;
  const { scenario, trigger, transport } = first.evidence;
  const measured = doses.map(({ evidence: { delayMs = 0, stallMs }, outcome }) => ({
    delayMs,
    stallMs: outcome === 'stalled' ? (stallMs ?? null) : null,
  }));
  const known = measured.flatMap(({ delayMs, stallMs }) => (stallMs === null ? [] : [{ delayMs, stallMs }]));
  const line = known.length >= 2 ? fit(known) : undefined;
  const points = measured.map((point) => ({
    ...point,
    offLineMs:
      line === undefined || point.stallMs === null
        ? null
        : point.stallMs - (line.slope * point.delayMs + line.interceptMs),
  }));
  return {
    scenario,
    trigger,
    transport,
    points,
    ...(line ?? noLine),
    ...verdictOf(points.length, known.length, line),
  };
}

interface Line {
  readonly slope: number;
  readonly interceptMs: number;
  readonly residualMs: number;
}

const noLine = { slope: null, interceptMs: null, residualMs: null };

/** Least squares. */
function fit(points: readonly { readonly delayMs: number; readonly stallMs: number }[]): Line | undefined {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanDelay = mean(points.map(({ delayMs }) => delayMs));
  const meanStall = mean(points.map(({ stallMs }) => stallMs));
  const spread = mean(points.map(({ delayMs }) => (delayMs - meanDelay) ** 2));
  if (spread === 0) return undefined;
  const slope =
    mean(points.map(({ delayMs, stallMs }) => (delayMs - meanDelay) * (stallMs - meanStall))) / spread;
  const interceptMs = meanStall - slope * meanDelay;
  const residualMs = Math.sqrt(
    mean(points.map(({ delayMs, stallMs }) => (stallMs - slope * delayMs - interceptMs) ** 2)),
  );
  return { slope, interceptMs, residualMs };
}

/** A hole in the line is not bridged: what was not measured may lie anywhere. */
function verdictOf(
  all: number,
  known: number,
  line: Line | undefined,
): Pick<DoseResponse, 'verdict' | 'reason'> {
  if (line === undefined || known < all) {
    return { verdict: 'unknown', reason: `${known} of ${all} points were measured` };
  }
  const straight = Math.abs(line.slope - 1) <= SLOPE_TOLERANCE && line.residualMs <= MOST_RESIDUAL_MS;
  return straight
    ? { verdict: 'pass', reason: 'the trigger waits for as long as the server takes' }
    : {
        verdict: 'fail',
        reason: `the slope is not within ${SLOPE_TOLERANCE} of 1, or the points lie off the line`,
      };
}
