/**
 * A cgroup whose memory is not reclaimed (memory.min), its page cache included, while compaction moves it as any other;
 * its directory is named in the environment.  A guest's init makes it (vm/guest/init.ts): where an allocation of a huge page
 * finds none, kswapd goes on for that order until it has reclaimed two huge pages' worth (compact_gap()), and on a small machine
 * that is all of a set, before compaction comes by.
 * Authority: Documentation/admin-guide/cgroup-v2.rst; kswapd_shrink_node(), shrink_node_memcgs() in mm/vmscan.c.
 */
import { writeFileSync } from 'node:fs';

export const PROTECTED_CGROUP_VARIABLE = 'STUCKFS_PROTECTED_CGROUP';

/** Whether page cache of whoever joins stays where it is for as long as others ask for memory. */
export function isProtectedFromReclaim(environment: NodeJS.ProcessEnv = process.env): boolean {
  return (environment[PROTECTED_CGROUP_VARIABLE] ?? '') !== '';
}

/** What this process allocates from now on belongs to it; nothing where there is none, or it is not for this user. */
export function joinProtectedCgroup(environment: NodeJS.ProcessEnv = process.env): void {
  if (!isProtectedFromReclaim(environment)) return;
  try {
    writeFileSync(`${environment[PROTECTED_CGROUP_VARIABLE]}/cgroup.procs`, `${process.pid}`);
  } catch (error) {
    // In namespaces of an unprivileged user.
    if (!['EACCES', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
