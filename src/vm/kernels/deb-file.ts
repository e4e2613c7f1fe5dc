/** `--kernel FILE.deb`: a kernel package of one's own (`make bindeb-pkg`) or of Debian, cached by its content. */
import { UsageError } from '../../base/errors.js';
import { cacheEntry, makeDirectory, needSpace } from '../cache.js';
import type { GuestKernel } from '../kernel.js';
import { findTool, reasonOf, runTool } from '../tool.js';
import type { DebianOptions } from './debian.js';
import { sha256Of } from './download.js';
import { refuseUnreadable } from './kernel-file.js';
import { guestKernelOf, kernelsDirectory, readCached, writeRecord } from './record.js';
import { depmod, dpkgDeb, unpackKernel } from './unpack.js';

const unpackedFactor = 6;

/** @throws {UsageError} when it is no package, for another architecture, or has no kernel in it */
export async function findDebFile(name: string, file: string, options: DebianOptions): Promise<GuestKernel> {
  const { sizeBytes } = refuseUnreadable(name, file);
  for (const tool of [dpkgDeb, depmod]) findTool(tool, options.environment);
  const end = await runTool(dpkgDeb, ['-f', file, 'Architecture', 'Package', 'Version'], options);
  if (end.status !== 0) throw new UsageError('--kernel', name, `is no Debian package: ${reasonOf(end.said)}`);
  const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(end.stdout)?.[1] ?? '?';
  const architecture = field('Architecture');
  if (architecture !== 'amd64')
    throw new UsageError('--kernel', name, `is a package for ${architecture}; guests are amd64 (x86-64)`);
  const kernels = makeDirectory(kernelsDirectory(options.cache));
  const entry = await cacheEntry(kernels, `deb-${await sha256Of(file)}`, options, async (directory, lock) => {
    needSpace(kernels, sizeBytes * unpackedFactor);
    options.progress(`unpacking ${file}`);
    const unpacked = await unpackKernel([file], directory, { ...options, lock });
    if (unpacked.kind === 'refused') {
      const split = `since 6.19 Debian's are split: give debian:SERIES, which takes all its packages`;
      throw new UsageError('--kernel', name, `${unpacked.why}; ${split}`);
    }
    const { release, hasModules, hasConfig } = unpacked;
    writeRecord(directory, {
      release,
      version: field('Version'),
      hasModules,
      hasConfig,
      source: { kind: 'deb', file },
    });
  });
  const cached = readCached(entry);
  if (cached === undefined) throw new UsageError('cache directory', entry, 'is no kernel; remove it');
  if (!cached.record.hasModules)
    options.progress(`${file} brings no modules: what the guest needs must be built in`);
  // The same content may lie elsewhere by now.
  return { ...guestKernelOf(name, cached), source: { kind: 'deb', file } };
}
