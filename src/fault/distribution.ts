/**
 * Distributions of a delay: their shape, their text ("uniform:10ms-50ms") and how a delay is drawn.
 */
import { z } from 'zod';
import { formatDuration, maxDurationMs, parseDuration } from '../base/duration.js';
import { UsageError } from '../base/errors.js';
import type { Random } from './random.js';
import { strictShape } from './strict-shape.js';

const durationMs = z.number().min(0).max(maxDurationMs);

/** All in milliseconds, fractions allowed, at most a day. */
export const DistributionSpec = z.discriminatedUnion('kind', [
  strictShape({ kind: z.literal('fixed'), ms: durationMs }),
  strictShape({ kind: z.literal('uniform'), minMs: durationMs, maxMs: durationMs }).refine(
    (uniform) => uniform.maxMs >= uniform.minMs,
    { path: ['maxMs'], error: 'must not be below minMs' },
  ),
  strictShape({ kind: z.literal('normal'), meanMs: durationMs, stddevMs: durationMs }),
]);
export type Distribution = z.output<typeof DistributionSpec>;

/**
 * A function that draws delays in milliseconds, from 0 to maxDurationMs.  `normal` is the normal distribution
 * truncated at 0: a negative draw is drawn again, so there is no heap of delays at exactly 0.
 */
export function compileDistribution(distribution: Distribution, random: Random): () => number {
  switch (distribution.kind) {
    case 'fixed': {
      const { ms } = distribution;
      return () => ms;
    }
    case 'uniform': {
      const { minMs, maxMs } = distribution;
      return () => minMs + random.nextFloat() * (maxMs - minMs);
    }
    case 'normal': {
      const { meanMs, stddevMs } = distribution;
      return () => {
        // The mean is not negative, so at least every second draw is taken.
        for (;;) {
          const ms = meanMs + stddevMs * standardNormal(random);
          if (ms >= 0) return Math.min(ms, maxDurationMs);
        }
      };
    }
  }
}

/** Box and Muller's method, one of its two values. */
function standardNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.nextFloat()));
  return radius * Math.cos(2 * Math.PI * random.nextFloat());
}

const remedy = 'give fixed:100ms, uniform:10ms-50ms or normal:100ms,20ms (mean, standard deviation)';

/** Reads "fixed:100ms", "uniform:10ms-50ms", "normal:100ms,20ms" (mean, standard deviation). Throws UsageError. */
export function parseDistribution(field: string, text: string): Distribution {
  const [, kind, rest = ''] = /^(\w+):(.*)$/s.exec(text) ?? [];
  const pair = (separator: string): [number, number] => {
    const [first, second, ...more] = rest.split(separator);
    if (first === undefined || second === undefined || more.length > 0)
      throw new UsageError(field, text, remedy);
    return [parseDuration(field, first), parseDuration(field, second)];
  };
  switch (kind) {
    case 'fixed':
      return { kind, ms: parseDuration(field, rest) };
    case 'uniform': {
      const [minMs, maxMs] = pair('-');
      if (maxMs < minMs) throw new UsageError(field, text, 'give the shorter span first');
      return { kind, minMs, maxMs };
    }
    case 'normal': {
      const [meanMs, stddevMs] = pair(',');
      return { kind, meanMs, stddevMs };
    }
    default:
      throw new UsageError(field, text, remedy);
  }
}

/** The text that parseDistribution reads back, to the nanosecond. */
export function formatDistribution(distribution: Distribution): string {
  switch (distribution.kind) {
    case 'fixed':
      return `fixed:${formatDuration(distribution.ms)}`;
    case 'uniform':
      return `uniform:${formatDuration(distribution.minMs)}-${formatDuration(distribution.maxMs)}`;
    case 'normal':
      return `normal:${formatDuration(distribution.meanMs)},${formatDuration(distribution.stddevMs)}`;
  }
}
