/**
 * /proc/vmstat: the counters of the memory management, by the names that the kernel gives them.
 * A counter that this kernel lacks is absent from the map, so `get` says undefined and not 0.
 * Authority: mm/vmstat.c (vmstat_text).
 */
import { KernelFileError, linesOf, malformed, parseCount, readKernelFile } from './kernel-file.js';

/** nr_* are pages unless the name says otherwise; the others count events since boot. */
export type Vmstat = ReadonlyMap<string, number>;

export function parseVmstat(text: string, file = '/proc/vmstat'): Vmstat {
  const counters = new Map<string, number>();
  linesOf(text).forEach((line, index) => {
    const [name, digits, ...rest] = line.split(' ');
    if (name === undefined || name === '' || digits === undefined || rest.length > 0) {
      throw malformed(file, index + 1, 'a name and a number', line);
    }
    counters.set(name, parseCount(digits, file, index + 1, name));
  });
  if (counters.size === 0) throw malformed(file, undefined, 'at least one counter', text);
  return counters;
}

export function readVmstat(root = '/'): Vmstat {
  return parseVmstat(readKernelFile('/proc/vmstat', root));
}

/**
 * Has every CPU give what it has counted by itself to the totals, which lag behind by some dozens a CPU otherwise.  Where
 * that is refused (only root may) they lag.
 * Authority: vmstat_refresh() in mm/vmstat.c; vm.stat_refresh in Documentation/admin-guide/sysctl/vm.rst.
 */
export function refreshVmstat(root = '/'): void {
  try {
    readKernelFile('/proc/sys/vm/stat_refresh', root);
  } catch (error) {
    if (!(error instanceof KernelFileError)) throw error;
  }
}
