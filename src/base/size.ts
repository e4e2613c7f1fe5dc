/**
 * Sizes and offsets as people write them ("4096", "64M", "1GiB").  Owns the text form only; inside the program
 * a size is a number of bytes, at most 2^53 - 1.
 */
import { UsageError } from './errors.js';

const bytesPerUnit = { T: 2 ** 40, G: 2 ** 30, M: 2 ** 20, K: 2 ** 10 } as const;
const remedy =
  'give whole bytes, or a whole number with K, M, G or T (powers of 1024), for example 4096, 64M or 1G; below 8192T';

/**
 * Bytes of a text such as "64M"; `KiB` and `k` mean the same as `K`.  "MB" is refused, since it may mean either.
 * Throws UsageError(field, text, remedy).
 */
export function parseSize(field: string, text: string): number {
  const parts = /^(\d{1,16})(?:([KMGT])(?:iB)?)?$/i.exec(text);
  const [, digits, unit] = parts ?? [];
  if (digits === undefined) throw new UsageError(field, text, remedy);
  const factor = unit === undefined ? 1 : bytesPerUnit[unit.toUpperCase() as keyof typeof bytesPerUnit];
  const bytes = Number(digits) * factor;
  if (!Number.isSafeInteger(bytes)) throw new UsageError(field, text, remedy);
  return bytes;
}

/** The shortest text that parseSize reads back as exactly the same number of bytes. */
export function formatSize(bytes: number): string {
  if (bytes > 0) {
    for (const unit of ['T', 'G', 'M', 'K'] as const) {
      if (bytes % bytesPerUnit[unit] === 0) return `${bytes / bytesPerUnit[unit]}${unit}`;
    }
  }
  return String(bytes);
}
