/** What tests of the `vm` suite need of the world: the machine's own apt, and its mirror. */

import { makeDirectory } from '../../src/vm/cache.js';
import { findMirrors } from '../../src/vm/kernels/apt-sources.js';
import type { Requirement } from './requirement.js';
import { command } from './requirement.js';

/** The programs that kernels are fetched with. */
export const aptTools: readonly Requirement[] = [
  command('apt-get', 'apt'),
  command('dpkg-deb', 'dpkg'),
  command('xz', 'xz-utils'),
];

/**
 * Why the machine's Debian mirror cannot be reached; undefined when it answers.  apt itself is not asked, so that a
 * fault of how this project uses apt fails a test and does not skip it.
 */
export async function missingMirror(scratch: string): Promise<string | undefined> {
  try {
    const { main } = await findMirrors(makeDirectory(scratch), { environment: process.env });
    const answer = await fetch(`${main}/dists/bookworm/Release`, {
      method: 'HEAD',
      signal: AbortSignal.timeout(20_000),
    });
    return answer.ok ? undefined : `the Debian mirror of this machine answers ${answer.status}`;
  } catch (error) {
    const { message, cause } = error as Error;
    return `the Debian mirror of this machine cannot be reached: ${cause instanceof Error ? cause.message : message}`;
  }
}
