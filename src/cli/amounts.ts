/**
 * Amounts as a person reads them: bytes, opcodes, times.  Exact values are what --json is for.
 */
import { formatSize } from '../base/size.js';
import type { CountByOpcode } from '../control/contract/scalars.js';

export function describeBytes(bytes: number): string {
  const short = formatSize(bytes);
  return /[KMGT]$/.test(short) ? `${short}iB` : `${bytes} bytes`;
}

export function describeCount(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** WRITE 12, READ 3: the most frequent first. */
export function describeByOpcode(byOpcode: CountByOpcode | Readonly<Record<string, number>>): string {
  return Object.entries(byOpcode)
    .sort(([, a], [, b]) => (b ?? 0) - (a ?? 0))
    .map(([opcode, count]) => `${opcode.replace(/^FUSE_/, '')} ${count}`)
    .join(', ');
}

/** 12.3s, 45ms: three digits are enough for an age. */
export function describeAge(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const seconds = ms / 1000;
  if (seconds < 100) return `${seconds.toFixed(1)}s`;
  if (seconds < 6000) return `${Math.floor(seconds / 60)}m${Math.floor(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m`;
}
