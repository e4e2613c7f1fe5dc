/** The one way from what `--kernel` was given to a kernel that can be booted, checked for what it must have. */

import { UsageError } from '../base/errors.js';
import type { Progress } from './cache.js';
import type { GuestKernel } from './kernel.js';
import { findDebFile } from './kernels/deb-file.js';
import { findDebianKernel } from './kernels/debian.js';
import { checkConfig } from './kernels/kernel-config.js';
import { findKernelFile } from './kernels/kernel-file.js';
import { parseKernelName } from './kernels/kernel-name.js';

export interface FindOptions {
  readonly cache: string;
  /** `--modules`, for a bzImage. */
  readonly modules?: string | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  readonly environment?: NodeJS.ProcessEnv | undefined;
}

/**
 * @throws {UsageError} for wrong words, a file that is no kernel for x86-64, a kernel that lacks what is needed
 * @throws {MirrorError | NoSpaceError | MissingToolError | ToolFailedError}
 */
export async function findKernel(name: string, options: FindOptions): Promise<GuestKernel> {
  const parsed = parseKernelName(name);
  const { modules } = options;
  const found = { ...options, environment: options.environment ?? process.env };
  if (modules !== undefined && parsed.kind !== 'path')
    throw new UsageError('--modules', modules, `goes with the path of a bzImage; ${name} brings its own`);
  const kernel =
    parsed.kind === 'debian'
      ? await findDebianKernel(name, parsed.asked, found)
      : parsed.kind === 'deb'
        ? await findDebFile(name, parsed.file, found)
        : await findKernelFile(name, parsed.file, found);
  if (kernel.config !== undefined) checkConfig(name, kernel.config, kernel.modules !== undefined);
  return kernel;
}
