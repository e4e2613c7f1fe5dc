/**
 * kernel.json of an entry in the cache: which kernel it is and where it came from.  It is written last, before the
 * entry gets its name, so an entry without it is none.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { GuestKernel } from '../kernel.js';

const packageShape = z.object({ name: z.string(), version: z.string(), sha256: z.string() });
const shape = z.object({
  release: z.string(),
  version: z.string(),
  hasModules: z.boolean(),
  hasConfig: z.boolean(),
  source: z.union([
    z.object({ kind: z.literal('debian'), suite: z.string(), packages: z.array(packageShape) }),
    z.object({ kind: z.literal('deb'), file: z.string() }),
  ]),
});

export type KernelRecord = z.infer<typeof shape>;

export interface CachedKernel {
  readonly path: string;
  readonly record: KernelRecord;
}

export function kernelsDirectory(cache: string): string {
  return join(cache, 'kernels');
}

export function writeRecord(entry: string, record: KernelRecord): void {
  writeFileSync(join(entry, 'kernel.json'), `${JSON.stringify(record, undefined, 2)}\n`);
}

export function readCached(path: string): CachedKernel | undefined {
  try {
    return { path, record: shape.parse(JSON.parse(readFileSync(join(path, 'kernel.json'), 'utf8'))) };
  } catch {
    return undefined;
  }
}

export function cachedKernels(cache: string): CachedKernel[] {
  const directory = kernelsDirectory(cache);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => !/\.(?:new|lock|debs)$/.test(name))
    .sort()
    .flatMap((name) => readCached(join(directory, name)) ?? []);
}

export function guestKernelOf(name: string, { path, record }: CachedKernel): GuestKernel {
  const { release, hasModules, hasConfig, source } = record;
  return {
    name,
    release,
    image: join(path, 'vmlinuz'),
    modules: hasModules ? join(path, 'lib', 'modules', release) : undefined,
    config: hasConfig ? join(path, 'config') : undefined,
    source,
  };
}
