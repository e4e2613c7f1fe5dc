/**
 * Spans of time as people write them ("100ms", "1.5s", "2m").  Owns the text form only; inside the program a
 * span is a number of milliseconds in a name that ends in `Ms`.
 */
import { UsageError } from './errors.js';

/** The longest span taken: a day.  What is to wait longer is held, not delayed. */
export const maxDurationMs = 86_400_000;

const nsPerUnit = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 } as const;
const nsPerMs = nsPerUnit.ms;
const remedy = 'give a number and a unit (ns, us, ms, s, m, h), for example 100ms, 1.5s or 2m; at most 24h';

/**
 * Milliseconds of a text such as "100ms", to the nanosecond.  A number without a unit is refused, 0 aside.
 * Throws UsageError(field, text, remedy).
 */
export function parseDuration(field: string, text: string): number {
  const parts = /^(\d{1,15}(?:\.\d{1,15})?)(ns|us|ms|s|m|h)$/.exec(text === '0' ? '0ms' : text);
  const [, digits, unit] = parts ?? [];
  if (digits === undefined || unit === undefined) throw new UsageError(field, text, remedy);
  const value = Number(digits);
  const ns = Math.round(value * nsPerUnit[unit as keyof typeof nsPerUnit]);
  if (ns > maxDurationMs * nsPerMs) throw new UsageError(field, text, remedy);
  if (ns === 0 && value > 0)
    throw new UsageError(field, text, 'is finer than a nanosecond; give 1ns or more');
  return ns / nsPerMs;
}

/** The shortest text without a fraction that parseDuration reads back as the same span (ms, 0 or more). */
export function formatDuration(ms: number): string {
  const ns = Math.round(ms * nsPerMs);
  if (ns === 0) return '0ms';
  for (const unit of ['h', 'm', 's', 'ms', 'us'] as const) {
    if (ns % nsPerUnit[unit] === 0) return `${ns / nsPerUnit[unit]}${unit}`;
  }
  return `${ns}ns`;
}
