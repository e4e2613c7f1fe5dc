/** What a test on the running kernel needs, and the words with which it is skipped where that is missing. */

import { readMountinfo } from '../../../src/kernel/mountinfo.js';
import { findTracing } from '../../../src/kernel/tracefs.js';

const requirements = {
  root: () => (process.geteuid?.() === 0 ? undefined : `root: this is user ${process.geteuid?.()}`),
  tracefs: () =>
    findTracing(readMountinfo()) === undefined
      ? 'tracefs: not mounted (mount -t tracefs nodev /sys/kernel/tracing)'
      : undefined,
};

/** Options for test(): skips, and says every requirement that is missing. */
export function skipUnless(...names: (keyof typeof requirements)[]): { skip: string | false } {
  const missing = names.flatMap((name) => requirements[name]() ?? []);
  return { skip: missing.length === 0 ? false : `needs ${missing.join('; ')}` };
}
