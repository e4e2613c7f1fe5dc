/**
 * The run directory as a source of pages that a server gives away: whether its filesystem is known to let its clean
 * page-cache pages go (page_cache_pipe_buf_try_steal() in fs/splice.c).  One in memory never has clean pages.
 */
import { statfsSync } from 'node:fs';
import type { ArmDesign, ServerDesign } from './scenario.js';

/** By f_type of statfs(2) (include/uapi/linux/magic.h). */
const givers: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
]);

/** Why the arm cannot be played; undefined where it can. */
export function lackingPageGiver(design: ArmDesign, runDirectory: string): string | undefined {
  if (design.givesPagesOfRunDirectory !== true) return undefined;
  const { type } = statfsSync(runDirectory);
  if (givers.has(type)) return undefined;
  const known = [...givers.values()].join(', ');
  return (
    `the run directory is on a filesystem (f_type 0x${type.toString(16)}) that is not known to give its pages away; ` +
    `give one on ${known} with --out`
  );
}

export function serverDesignOf(design: ArmDesign, runDirectory: string): ServerDesign {
  if (design.givesPagesOfRunDirectory !== true) return design.server ?? {};
  return { ...design.server, splice: { write: 'move', source: runDirectory } };
}
