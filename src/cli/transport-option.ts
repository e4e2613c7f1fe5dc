/** `--transport` of mount, and the options that only one transport can carry out. */
import { UsageError } from '../base/errors.js';
import type { DaemonConfig } from '../daemon/config.js';
import { LIBFUSE_MAX_BACKGROUND } from '../transport/libfuse/session.js';

interface Given {
  readonly transport: string | undefined;
  readonly maxPages: string | undefined;
  readonly noFlush: boolean;
  readonly splice: readonly string[] | undefined;
}

/** @throws {UsageError} for what the transport lacks, where it was asked for */
export function checkTransport({ transport = 'dev-fuse', maxPages, noFlush, splice }: Given): {
  readonly transport: DaemonConfig['transport'];
  readonly mostBackground: number;
} {
  if (transport === 'dev-fuse') return { transport, mostBackground: 65_535 };
  if (transport !== 'libfuse') throw new UsageError('--transport', transport, 'give dev-fuse or libfuse');
  const lacks = (option: string, value: unknown, why: string) =>
    new UsageError(option, value, `--transport libfuse cannot: ${why}; use --transport dev-fuse`);
  if (maxPages !== undefined) {
    throw lacks('--max-pages', maxPages, 'its requests have 32 pages, fixed');
  }
  if (splice !== undefined)
    throw lacks('--splice', splice.join(','), 'libfuse reads and writes /dev/fuse itself');
  if (noFlush) throw lacks('--no-flush', true, 'fuse-native hands no open flags on');
  return { transport, mostBackground: LIBFUSE_MAX_BACKGROUND };
}
