/**
 * Which kernel this is: release, version, command line and build configuration.
 * For the record only: what a kernel can do is probed, never inferred from its version.
 * Authority: proc(5), Documentation/admin-guide/kernel-parameters.rst, scripts/kconfig.
 */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  isMissing,
  linesOf,
  malformed,
  readKernelFile,
  readKernelFileIfPresent,
  underRoot,
  unreadable,
} from './kernel-file.js';

export interface KernelRelease {
  /** As uname -r: `6.18.44-…`. */
  readonly release: string;
  /** The line of /proc/version. */
  readonly version: string;
  readonly cmdline: string;
  /** `CONFIG_FUSE_FS` → `y`, `m`, `n` or a value without its quotes; absent where the kernel does not tell. */
  readonly config?: ReadonlyMap<string, string>;
}

export function parseKernelConfig(text: string, file = '/proc/config.gz'): Map<string, string> {
  const config = new Map<string, string>();
  linesOf(text).forEach((line, index) => {
    const unset = /^# (CONFIG_\w+) is not set$/.exec(line)?.[1];
    if (unset !== undefined) config.set(unset, 'n');
    else if (line !== '' && !line.startsWith('#')) {
      const [, name, value] = /^(CONFIG_\w+)=(.*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined)
        throw malformed(file, index + 1, '"CONFIG_NAME=value"', line);
      config.set(name, value.replace(/^"(.*)"$/, '$1'));
    }
  });
  if (config.size === 0) throw malformed(file, undefined, 'at least one CONFIG_ line', text);
  return config;
}

export function readKernelRelease(root = '/'): KernelRelease {
  const release = readKernelFile('/proc/sys/kernel/osrelease', root).trim();
  const config = readKernelConfig(release, root);
  return {
    release,
    version: readKernelFile('/proc/version', root).trim(),
    cmdline: readKernelFile('/proc/cmdline', root).trim(),
    ...(config === undefined ? {} : { config }),
  };
}

function readKernelConfig(release: string, root: string): Map<string, string> | undefined {
  const packed = readPackedConfig(root);
  if (packed !== undefined) return parseKernelConfig(packed);
  const file = `/boot/config-${release}`;
  const text = readKernelFileIfPresent(file, root);
  return text === undefined ? undefined : parseKernelConfig(text, file);
}

function readPackedConfig(root: string): string | undefined {
  const file = '/proc/config.gz';
  let packed: Buffer;
  try {
    packed = readFileSync(underRoot(root, file));
  } catch (error) {
    const problem = unreadable(file, 'a readable file', error);
    if (isMissing(problem)) return undefined;
    throw problem;
  }
  try {
    return gunzipSync(packed).toString();
  } catch (error) {
    throw unreadable(file, 'a gzipped configuration', error);
  }
}
