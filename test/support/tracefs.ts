/** tracefs for a test: the one that is mounted, or one that is mounted for this test alone. */
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMountinfo } from '../../src/kernel/mountinfo.js';
import { findTracing } from '../../src/kernel/tracefs.js';
import { MNT_DETACH, mount, umount2 } from '../../src/syscall/mount.js';

/** The tracing directory. Needs root. */
export function tracingFor(context: { after: (fn: () => void) => void }): string {
  const there = findTracing(readMountinfo());
  if (there !== undefined) return there;
  const directory = mkdtempSync(join(tmpdir(), 'stuckfs-tracing-'));
  const mounted = mount('none', directory, 'tracefs', 0, '');
  context.after(() => {
    if (mounted === 0) umount2(directory, MNT_DETACH);
    rmdirSync(directory);
  });
  if (mounted < 0) throw new Error(`mount of tracefs: errno ${-mounted}`);
  return directory;
}
