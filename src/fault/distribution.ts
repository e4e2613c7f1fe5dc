/**
 * How long a delay is: a distribution ("uniform:10ms-50ms") or a rate ("rate:10M"); their shapes, their text, and
 * how a delay is drawn.
 */
import * as z from 'zod';
import { formatDuration, maxDurationMs, parseDuration } from '../base/duration.js';
import { UsageError } from '../base/errors.js';
import { formatSize, parseSize } from '../base/size.js';
import { Opcode } from '../protocol/opcode.js';
import type { Random } from './random.js';
import { strictShape } from './strict-shape.js';
import type { Subject } from './subject.js';

const durationMs = z.number().min(0).max(maxDurationMs);

/** Spans in milliseconds, fractions allowed, at most a day. */
export const DistributionSpec = z.discriminatedUnion('kind', [
  strictShape({ kind: z.literal('fixed'), ms: durationMs }),
  strictShape({ kind: z.literal('uniform'), minMs: durationMs, maxMs: durationMs }).refine(
    (uniform) => uniform.maxMs >= uniform.minMs,
    { path: ['maxMs'], error: 'must not be below minMs' },
  ),
  strictShape({ kind: z.literal('normal'), meanMs: durationMs, stddevMs: durationMs }),
  strictShape({ kind: z.literal('exponential'), meanMs: durationMs }),
  strictShape({ kind: z.literal('rate'), bytesPerSecond: z.int().min(1) }),
]);
export type Distribution = z.output<typeof DistributionSpec>;

/**
 * A function that draws delays in milliseconds, from 0 to maxDurationMs.  `normal` is the normal distribution
 * truncated at 0: a negative draw is drawn again, so there is no heap of delays at exactly 0.
 */
export function compileDistribution(
  distribution: Distribution,
  random: Random,
): (subject: Subject) => number {
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
    case 'exponential': {
      const { meanMs } = distribution;
      return () => Math.min(-meanMs * Math.log(1 - random.nextFloat()), maxDurationMs);
    }
    case 'rate':
      return compileRate(distribution.bytesPerSecond);
  }
}

/**
 * A server that takes one request after the other at this rate: an answer is due so many bytes after the one before
 * it, or after its own arrival where nothing is before it.
 */
function compileRate(bytesPerSecond: number): (subject: Subject) => number {
  let lastDueMs = Number.NEGATIVE_INFINITY;
  return (subject) => {
    const { arrivedMs } = subject;
    const dueMs = Math.max(arrivedMs, lastDueMs) + (dataBytes(subject) / bytesPerSecond) * 1000;
    lastDueMs = Math.min(dueMs, arrivedMs + maxDurationMs);
    return lastDueMs - arrivedMs;
  };
}

/** READ counts what it asks for.  What moves no data of files costs nothing, and still waits for its turn. */
function dataBytes({ opcode, size = 0 }: Subject): number {
  return opcode === Opcode.FUSE_READ || opcode === Opcode.FUSE_WRITE ? size : 0;
}

/** Box and Muller's method, one of its two values. */
function standardNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.nextFloat()));
  return radius * Math.cos(2 * Math.PI * random.nextFloat());
}

const remedy =
  'give fixed:100ms, uniform:10ms-50ms, normal:100ms,20ms (mean, standard deviation), exponential:100ms (mean) ' +
  'or rate:10M (bytes/s)';

/** Reads what `remedy` shows; a rate may also end in "/s". Throws UsageError. */
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
    case 'exponential':
      return { kind, meanMs: parseDuration(field, rest) };
    case 'rate': {
      const bytesPerSecond = parseSize(field, rest.replace(/\/s$/, ''));
      if (bytesPerSecond === 0)
        throw new UsageError(field, text, 'give at least 1 byte/s; what is never answered is `hold`');
      return { kind, bytesPerSecond };
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
    case 'exponential':
      return `exponential:${formatDuration(distribution.meanMs)}`;
    case 'rate':
      return `rate:${formatSize(distribution.bytesPerSecond)}`;
  }
}
