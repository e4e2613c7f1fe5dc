/**
 * A private apt state for one suite: own sources, own lists, an empty status file, so that neither root nor the
 * machine's own apt is needed.  What the suite has is kept as kernels.json, which is older only than its `askedAt`.
 * apt checks the suite's signature and the checksums of what it fetches.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { UsageError } from '../../base/errors.js';
import { type LockOptions, makeDirectory, needSpace, withLock } from '../cache.js';
import { reasonOf, runTool, type ToolOptions } from '../tool.js';
import { isFullDisk, MirrorError, NoSpaceError, ToolFailedError } from '../vm-failure.js';
import { aptGet, aptHelper, sourceLine } from './apt-sources.js';
import { groupKernels, KernelStanzas, parsePackages, type SuiteKernels } from './debian-packages.js';

/** How long the list of a suite is taken for what the suite has. */
const FRESH_MS = 6 * 3600 * 1000;
/** The largest index is some 12 MB, kept compressed, and read through a temporary one. */
const INDEX_BYTES = 64 * 2 ** 20;

const shape = z.object({
  mirror: z.string(),
  askedAt: z.iso.datetime(),
  kernels: z.array(
    z.object({
      release: z.string(),
      version: z.string(),
      packages: z.array(
        z.object({
          name: z.string(),
          version: z.string(),
          sha256: z.string(),
          sizeBytes: z.int(),
          installedBytes: z.int(),
          filename: z.string(),
        }),
      ),
    }),
  ),
  withoutModules: z.array(z.string()),
});

export interface SuiteList extends SuiteKernels {
  readonly mirror: string;
  /** ISO 8601 */
  readonly askedAt: string;
}

export interface SuitePlace {
  readonly name: string;
  readonly mirror: string;
  /** The directory of its state. */
  readonly directory: string;
}

/** What the suite had when it was last asked; undefined if it never was, or another mirror was, which is not meant now. */
export function knownList({ directory, mirror }: SuitePlace): SuiteList | undefined {
  try {
    const list = shape.parse(JSON.parse(readFileSync(join(directory, 'kernels.json'), 'utf8')));
    return list.mirror === mirror ? list : undefined;
  } catch {
    return undefined;
  }
}

export function isFresh({ askedAt }: SuiteList, now = Date.now()): boolean {
  const ageMs = now - Date.parse(askedAt);
  return ageMs >= 0 && ageMs < FRESH_MS;
}

/**
 * Asks the suite.  A list that was there stays when that fails.
 * @throws {MirrorError | NoSpaceError | MissingToolError}
 */
export async function askSuite(place: SuitePlace, options: LockOptions & ToolOptions): Promise<SuiteList> {
  const { name, mirror, directory } = place;
  makeDirectory(directory);
  const startedAt = Date.now();
  return withLock(join(directory, 'lock'), options, async (lock) => {
    const known = knownList(place);
    // Another has asked while this one waited.
    if (known !== undefined && Date.parse(known.askedAt) > startedAt) return known;
    needSpace(directory, INDEX_BYTES);
    const conf = writeState(place);
    options.progress(`asking Debian's ${name} which kernels it has`);
    const toolOptions = { ...options, lock, writesTo: directory };
    const words = ['-q', '-c', conf, '-o', 'APT::Update::Error-Mode=any', 'update'];
    const update = await runTool(aptGet, words, toolOptions);
    if (update.status !== 0) throw new MirrorError(`${name} cannot be asked: ${reasonOf(update.said)}`);
    const stanzas = await kernelStanzas(conf, toolOptions);
    const list = { mirror, askedAt: new Date().toISOString(), ...groupKernels(parsePackages(stanzas)) };
    writeWhole(join(directory, 'kernels.json'), `${JSON.stringify(list, undefined, 1)}\n`);
    return list;
  });
}

/** Read as the file that it is: apt-cache would need seconds for it on each call. */
async function kernelStanzas(conf: string, options: ToolOptions): Promise<string> {
  const words = ['-c', conf, 'indextargets', '--format', '$(FILENAME)', 'Created-By: Packages'];
  const targets = await runTool(aptGet, words, options);
  const stanzas = new KernelStanzas();
  for (const file of targets.stdout.split('\n').filter((line) => line !== '')) {
    const onOutput = (text: string) => stanzas.add(text);
    const end = await runTool(aptHelper, ['-c', conf, 'cat-file', file], { ...options, onOutput });
    if (end.status !== 0) throw new ToolFailedError(`apt-helper cat-file ${file}`, reasonOf(end.said));
    stanzas.add('\n\n');
  }
  return stanzas.end();
}

/** The configuration for apt's `-c`, which is read after the machine's own: its proxies and the like stay. */
export function writeState({ name, mirror, directory }: SuitePlace): string {
  if (/["\n]/.test(directory))
    throw new UsageError(
      'cache directory',
      directory,
      "apt's configuration cannot name a path with such a sign",
    );
  for (const path of ['lists/partial', 'cache/archives/partial', 'log']) makeDirectory(join(directory, path));
  writeWhole(join(directory, 'status'), '');
  writeWhole(join(directory, 'sources.list'), sourceLine(mirror, name));
  const conf = join(directory, 'apt.conf');
  writeWhole(
    conf,
    `Dir::Etc::sourcelist "${directory}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "${directory}";
Dir::State::lists "${directory}/lists";
Dir::State::status "${directory}/status";
Dir::Cache "${directory}/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log "${directory}/log";
#clear APT::Architectures;
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
// Root would drop to a user who may not enter this directory.
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::Retries "2";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`,
  );
  return conf;
}

/** Who fetches a kernel of the suite has the lock of that kernel only, so that two may write the same at once. */
function writeWhole(path: string, text: string): void {
  const unfinished = `${path}.${process.pid}.new`;
  try {
    writeFileSync(unfinished, text, { mode: 0o600 });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    if (isFullDisk(error)) throw new NoSpaceError(path, undefined, { cause: error });
    throw error;
  }
}
