/** What tests of the `vm` suite need of the world: the machine's own apt, and its mirror. */

import { makeDirectory } from '../../src/vm/cache.js';
import { aptGet, aptHelper, findMirrors } from '../../src/vm/kernels/apt-sources.js';
import { depmod, dpkgDeb } from '../../src/vm/kernels/unpack.js';
import { findTool } from '../../src/vm/tool.js';
import type { Requirement } from './requirement.js';

/** The programs that kernels are fetched and unpacked with. */
export const aptTools: readonly Requirement[] = [aptGet, aptHelper, dpkgDeb, depmod].map((tool) => () => {
  try {
    findTool(tool, process.env);
    return undefined;
  } catch (error) {
    return `${(error as Error).message}: run apt-get install ${tool.debianPackage}`;
  }
});

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
