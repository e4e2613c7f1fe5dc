/**
 * `--kernel debian:6.12`: asks Debian's suites, takes the newest that fits, fetches and unpacks it into the cache.
 * Where the mirror does not answer, what is cached is used, and that is said.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../base/errors.js';
import { cacheEntry, type LockOptions, makeDirectory, needSpace } from '../cache.js';
import type { GuestKernel } from '../kernel.js';
import { findTool, type ToolOptions } from '../tool.js';
import { MirrorError, MissingToolError } from '../vm-failure.js';
import { findMirrors, type Mirrors } from './apt-sources.js';
import { askSuite, isFresh, knownList, type SuiteList, type SuitePlace, writeState } from './apt-suite.js';
import { type DebianKernel, isExact, isRelease, nearSeries, seriesOf } from './debian-packages.js';
import { compareVersions } from './debian-version.js';
import { download, PackageGoneError } from './download.js';
import {
  type CachedKernel,
  cachedKernels,
  guestKernelOf,
  kernelsDirectory,
  readCached,
  writeRecord,
} from './record.js';
import { type Suite, suitesFor } from './suites.js';
import { depmod, dpkgDeb, unpackKernel } from './unpack.js';

export interface DebianOptions extends LockOptions, ToolOptions {
  readonly cache: string;
  readonly signal?: AbortSignal | undefined;
}

/** What is needed besides the packages: the file system's own, and the directories. */
const MARGIN_BYTES = 16 * 2 ** 20;

/**
 * @param name as it was given, for the complaints
 * @param asked a series, or more of a release
 */
export async function findDebianKernel(
  name: string,
  asked: string,
  options: DebianOptions,
): Promise<GuestKernel> {
  const fitting = fittingCached(options.cache, asked);
  const exact = fitting.find(({ record }) => isExact(record.release, asked));
  if (exact !== undefined) return guestKernelOf(name, exact);
  try {
    return guestKernelOf(name, await resolve(name, asked, options));
  } catch (error) {
    const [newest] = fitting;
    const cannotAsk = error instanceof MirrorError || error instanceof MissingToolError;
    if (newest === undefined || !cannotAsk) throw error;
    options.progress(`${error.message}; using ${newest.record.release}, which is cached`);
    return guestKernelOf(name, newest);
  }
}

function fittingCached(cache: string, asked: string): CachedKernel[] {
  return cachedKernels(cache)
    .filter(({ record }) => record.source.kind === 'debian' && isRelease(record.release, asked))
    .sort((a, b) => compareVersions(b.record.release, a.record.release));
}

async function resolve(name: string, asked: string, options: DebianOptions): Promise<CachedKernel> {
  const mirrors = await findMirrors(aptDirectory(options.cache), options);
  const failures: MirrorError[] = [];
  const lists: SuiteList[] = [];
  const dead = new Set<string>();
  for (const suite of suitesFor(asked)) {
    const place = suitePlace(options.cache, suite, mirrors);
    if (place === undefined) continue;
    const list = dead.has(place.mirror)
      ? knownList(place)
      : await listOf(place, options, (error) => {
          failures.push(error);
          // A mirror that lacks a suite may have the others; one that does not answer is not waited for again.
          if (!/\b404\b|Release file/.test(error.message)) dead.add(place.mirror);
        });
    if (list === undefined) continue;
    lists.push(list);
    const kernel = list.kernels.find(({ release }) => isRelease(release, asked));
    if (kernel === undefined) continue;
    try {
      return await fetchKernel(kernel, place, list.mirror, options);
    } catch (error) {
      if (!(error instanceof PackageGoneError)) throw error;
      options.progress(`${error.message}; asking ${suite.name} again`);
      const again = await askSuite(place, options);
      const newer = again.kernels.find(({ release }) => isRelease(release, asked));
      if (newer !== undefined) return await fetchKernel(newer, place, again.mirror, options);
    }
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  throw noSuchKernel(name, asked, lists);
}

export function suitePlace(cache: string, suite: Suite, mirrors: Mirrors): SuitePlace | undefined {
  const mirror = mirrors[suite.archive];
  if (mirror === undefined) return undefined;
  return { name: suite.name, mirror, directory: join(aptDirectory(cache), suite.name) };
}

export function aptDirectory(cache: string): string {
  return makeDirectory(join(cache, 'apt'));
}

/** What the suite has: asked now unless it was lately; as it was last known where it does not answer. */
export async function listOf(
  place: SuitePlace,
  options: DebianOptions,
  failed: (error: MirrorError) => void,
): Promise<SuiteList | undefined> {
  const known = knownList(place);
  if (known !== undefined && isFresh(known)) return known;
  try {
    return await askSuite(place, options);
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    failed(error);
    if (known !== undefined) options.progress(`${error.message}; its list of ${known.askedAt} is used`);
    return known;
  }
}

async function fetchKernel(
  { release, version, packages }: DebianKernel,
  place: SuitePlace,
  mirror: string,
  options: DebianOptions,
): Promise<CachedKernel> {
  const kernels = makeDirectory(kernelsDirectory(options.cache));
  const entryName = `${release}_${version.replaceAll(':', '%3a')}`;
  const debs = join(kernels, `${entryName}.debs`);
  const entry = await cacheEntry(kernels, entryName, options, async (directory, lock) => {
    const tools = { ...options, lock };
    // Before some 50 MB are fetched for nothing.
    for (const tool of [dpkgDeb, depmod]) findTool(tool, options.environment);
    mkdirSync(debs, { recursive: true, mode: 0o700 });
    needSpace(
      kernels,
      packages.reduce((sum, one) => sum + one.sizeBytes + one.installedBytes, MARGIN_BYTES),
    );
    const conf = writeState(place);
    const files: string[] = [];
    for (const one of packages) files.push(await download(one, debs, { ...tools, mirror, conf }));
    const unpacked = await unpackKernel(files, directory, tools);
    if (unpacked.kind === 'refused') throw new MirrorError(`${release} of ${place.name} ${unpacked.why}`);
    writeRecord(directory, {
      release: unpacked.release,
      version,
      hasModules: unpacked.hasModules,
      hasConfig: unpacked.hasConfig,
      source: {
        kind: 'debian',
        suite: place.name,
        packages: packages.map((one) => ({ name: one.name, version: one.version, sha256: one.sha256 })),
      },
    });
  });
  if (existsSync(debs)) rmSync(debs, { recursive: true, force: true });
  const cached = readCached(entry);
  if (cached === undefined) throw new UsageError('cache directory', entry, 'is no kernel; remove it');
  return cached;
}

function noSuchKernel(name: string, asked: string, lists: readonly SuiteList[]): UsageError {
  const all = 'stuckfs vm kernels lists what can be had';
  const gone = lists.flatMap(({ withoutModules }) => withoutModules).find((one) => isRelease(one, asked));
  if (gone !== undefined) {
    const why = `Debian still has the image of ${gone}, but its modules have left the suite`;
    return new UsageError('--kernel', name, `${why}; near ones: ${near(asked, lists)}; ${all}`);
  }
  const why = 'Debian has no stock cloud kernel of that name for amd64';
  return new UsageError('--kernel', name, `${why}; near ones: ${near(asked, lists)}; ${all}`);
}

function near(asked: string, lists: readonly SuiteList[]): string {
  const releases = [...new Set(lists.flatMap(({ kernels }) => kernels.map(({ release }) => release)))];
  const sameSeries = releases.filter((release) => seriesOf(release) === seriesOf(asked));
  if (sameSeries.length > 0)
    return sameSeries
      .slice(0, 4)
      .map((release) => `debian:${release}`)
      .join(', ');
  return (
    nearSeries(asked, releases)
      .map((series) => `debian:${series}`)
      .join(', ') || 'none'
  );
}
