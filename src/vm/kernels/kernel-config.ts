/**
 * What a guest kernel must have been built with, read from its .config where that is known.  Told before anything
 * boots: a kernel without FUSE has nothing to wedge, one without compaction nothing to be stopped.
 */
import { readFileSync } from 'node:fs';
import { UsageError } from '../../base/errors.js';

const needed = [
  { option: 'CONFIG_FUSE_FS', what: 'FUSE', mayBeModule: true },
  { option: 'CONFIG_COMPACTION', what: 'memory compaction', mayBeModule: false },
] as const;

/** What is missing, in words; empty if nothing is. */
export function missingOptions(config: string, hasModules: boolean): string[] {
  return needed.flatMap(({ option, what, mayBeModule }) => {
    const value = new RegExp(`^${option}=(.*)$`, 'm').exec(config)?.[1];
    if (value === 'y' || (value === 'm' && mayBeModule && hasModules)) return [];
    if (value === 'm' && mayBeModule) return [`${option}=m, and no modules are given`];
    return [`${option} (${what})`];
  });
}

/**
 * @param config path of the .config
 * @throws {UsageError} that names what the kernel lacks
 */
export function checkConfig(name: string, config: string, hasModules: boolean): void {
  const missing = missingOptions(readFileSync(config, 'utf8'), hasModules);
  if (missing.length === 0) return;
  throw new UsageError(
    '--kernel',
    name,
    `its config ${config} lacks ${missing.join(' and ')}; nothing was booted`,
  );
}
