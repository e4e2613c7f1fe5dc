/** Where a run directory may be made: not on a FUSE mount, which may be wedged and would hang us. */
import { resolve } from 'node:path';
import { UsageError } from '../base/errors.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { resolveOutsideMounts } from '../kernel/path-resolution.js';

/**
 * @param out as `--out` says
 * @throws {UsageError}
 */
export function outPath(out: string): string {
  const resolution = resolveOutsideMounts(out, readMountinfo(), (entry) => entry.fsType.startsWith('fuse'));
  if (resolution.kind === 'forbidden') {
    throw new UsageError(
      '--out',
      out,
      `lies on the FUSE mount ${resolution.mount.mountPoint}: name another place`,
    );
  }
  // What is not there yet is made; whatever else is wrong, making it will say.
  return resolution.kind === 'resolved' ? resolution.path : resolve(out);
}
