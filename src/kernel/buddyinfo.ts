/**
 * /proc/buddyinfo: the free blocks of each zone, by order.
 * Authority: mm/vmstat.c (frag_show).
 */
import { linesOf, malformed, parseCount, readKernelFile } from './kernel-file.js';

export interface BuddyZone {
  readonly node: number;
  readonly zone: string;
  /** Index is the order: free[9] blocks of 512 pages. */
  readonly free: readonly number[];
}

export function parseBuddyinfo(text: string, file = '/proc/buddyinfo'): BuddyZone[] {
  return linesOf(text).map((line, index) => {
    const match = /^Node (\d+), zone\s+(\S+)((?:\s+\S+)+)\s*$/.exec(line);
    const zone = match?.[2];
    const counts = match?.[3];
    if (zone === undefined || counts === undefined) {
      throw malformed(file, index + 1, '"Node N, zone NAME" and a count for each order', line);
    }
    return {
      node: parseCount(match?.[1], file, index + 1, 'the node'),
      zone,
      free: counts
        .trim()
        .split(/\s+/)
        .map((count) => parseCount(count, file, index + 1, 'a count of blocks')),
    };
  });
}

export function readBuddyinfo(root = '/'): BuddyZone[] {
  return parseBuddyinfo(readKernelFile('/proc/buddyinfo', root));
}
