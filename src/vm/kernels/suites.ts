/** Debian's suites that have kernels which are asked for, and in which order they are searched for one. */
import { seriesOf } from './debian-packages.js';

export interface Suite {
  readonly name: string;
  readonly archive: 'main' | 'security';
  /** What it was made for; others are looked for elsewhere first. */
  readonly series: readonly string[];
}

/** The security archive comes first: it has what the next point release will have, and its index is small. */
export const suites: readonly Suite[] = [
  { name: 'trixie-backports', archive: 'main', series: [] },
  { name: 'bookworm-security', archive: 'security', series: ['6.1'] },
  { name: 'bookworm', archive: 'main', series: ['6.1'] },
  { name: 'trixie-security', archive: 'security', series: ['6.12'] },
  { name: 'trixie', archive: 'main', series: ['6.12'] },
  { name: 'sid', archive: 'main', series: [] },
];

/** The first that has such a kernel is the one that it is taken from. */
export function suitesFor(asked: string): Suite[] {
  const series = seriesOf(asked);
  const isMadeFor = (suite: Suite) => Number(!suite.series.includes(series));
  return suites.toSorted((a, b) => isMadeFor(a) - isMadeFor(b));
}
