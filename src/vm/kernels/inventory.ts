/** What `stuckfs vm kernels` lists: the kernels of Debian's suites, and those in the cache. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MirrorError, MissingToolError, ToolFailedError } from '../vm-failure.js';
import { findMirrors, type Mirrors } from './apt-sources.js';
import { aptDirectory, type DebianOptions, listOf, suitePlace } from './debian.js';
import { seriesOf } from './debian-packages.js';
import { cachedKernels, type KernelRecord } from './record.js';
import { suites, suitesFor } from './suites.js';

export interface AvailableKernel {
  /** What `--kernel` takes for it. */
  readonly name: string;
  readonly suite: string;
  readonly series: string;
  readonly release: string;
  readonly version: string;
  readonly packages: readonly { readonly name: string; readonly version: string; readonly sha256: string }[];
  readonly downloadBytes: number;
  readonly newestOfSuite: boolean;
  /** `debian:SERIES` is this one. */
  readonly chosenForSeries: boolean;
  readonly cached: boolean;
}

export interface CachedEntry {
  readonly release: string;
  readonly version: string;
  readonly source: KernelRecord['source'];
  readonly path: string;
  readonly sizeBytes: number;
}

export interface KernelInventory {
  readonly available: readonly AvailableKernel[];
  readonly cached: readonly CachedEntry[];
  /** Why a suite, or all of them, could not be asked. */
  readonly problems: readonly string[];
}

export function listCached(cache: string): CachedEntry[] {
  return cachedKernels(cache).map(({ path, record: { release, version, source } }) => ({
    release,
    version,
    source,
    path,
    sizeBytes: sizeOf(path),
  }));
}

/** Asks the suites side by side; one that does not answer is a problem of the list, not an error. */
export async function listKernels(options: DebianOptions): Promise<KernelInventory> {
  const cached = listCached(options.cache);
  const problems: string[] = [];
  let mirrors: Mirrors;
  try {
    mirrors = await findMirrors(aptDirectory(options.cache), options);
  } catch (error) {
    if (!isOfMachine(error)) throw error;
    return { available: [], cached, problems: [error.message] };
  }
  const perSuite = await Promise.all(
    suites.map(async (suite) => {
      const place = suitePlace(options.cache, suite, mirrors);
      if (place === undefined) {
        problems.push(`${suite.name}: the sources of this machine name no security archive`);
        return [];
      }
      const list = await listOf(place, options, (error) => problems.push(error.message));
      const newest = new Set<string>();
      return (list?.kernels ?? []).map(({ release, version, packages }): AvailableKernel => {
        const series = seriesOf(release);
        const newestOfSuite = !newest.has(series);
        newest.add(series);
        return {
          name: `debian:${release.replace(/-cloud-amd64$/, '')}`,
          suite: suite.name,
          series,
          release,
          version,
          packages: packages.map((one) => ({ name: one.name, version: one.version, sha256: one.sha256 })),
          downloadBytes: packages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
          newestOfSuite,
          chosenForSeries: false,
          cached: cached.some((one) => one.release === release && one.version === version),
        };
      });
    }),
  );
  const available = perSuite.flat();
  const chosen = new Set(
    [...new Set(available.map(({ series }) => series))].map((series) => chosenOf(series, available)),
  );
  return {
    available: available.map((one) => ({ ...one, chosenForSeries: chosen.has(one) })),
    cached,
    problems,
  };
}

/** As findDebianKernel chooses. */
function chosenOf(series: string, available: readonly AvailableKernel[]): AvailableKernel | undefined {
  for (const { name } of suitesFor(series)) {
    const found = available.find((one) => one.suite === name && one.series === series && one.newestOfSuite);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isOfMachine(error: unknown): error is Error {
  return (
    error instanceof MirrorError || error instanceof MissingToolError || error instanceof ToolFailedError
  );
}

/** On the disk. */
function sizeOf(path: string): number {
  const status = lstatSync(path);
  if (!status.isDirectory()) return status.blocks * 512;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), status.blocks * 512);
}
