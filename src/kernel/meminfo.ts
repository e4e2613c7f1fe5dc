/**
 * /proc/meminfo: amounts of memory, by the names that the kernel gives them.
 * An amount that this kernel lacks is absent from the map.
 * Authority: fs/proc/meminfo.c.
 */
import { linesOf, malformed, parseCount, readKernelFile } from './kernel-file.js';

/** In kB (1024 bytes), but HugePages_* count huge pages. */
export type Meminfo = ReadonlyMap<string, number>;

export function parseMeminfo(text: string, file = '/proc/meminfo'): Meminfo {
  const amounts = new Map<string, number>();
  linesOf(text).forEach((line, index) => {
    const match = /^([^\s:]+):\s+(\d+)(?: kB)?$/.exec(line);
    const name = match?.[1];
    if (name === undefined) throw malformed(file, index + 1, '"Name: number kB"', line);
    amounts.set(name, parseCount(match?.[2], file, index + 1, name));
  });
  if (amounts.size === 0) throw malformed(file, undefined, 'at least one amount', text);
  return amounts;
}

export function readMeminfo(root = '/'): Meminfo {
  return parseMeminfo(readKernelFile('/proc/meminfo', root));
}
