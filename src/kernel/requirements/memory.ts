/**
 * Requirements of memory: reading what becomes of page frames, and asking for compaction.
 * Authority: fs/proc/page.c, fs/proc/task_mmu.c, mm/compaction.c, Documentation/admin-guide/sysctl/vm.rst.
 */
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { formatSize } from '../../base/size.js';
import { readKernelFile } from '../kernel-file.js';
import { readKpagecount } from '../kpagecount.js';
import { readKpageflags } from '../kpageflags.js';
import { readMeminfo } from '../meminfo.js';
import { readPagemap } from '../pagemap.js';
import { asRoot, type Finding, limited, lookAt, missing, ok, type Requirement } from './requirement.js';

const monitor = 'a kernel with CONFIG_PROC_PAGE_MONITOR=y';
const pageBytes = 4096;
/** What a run takes by default, several times over; below the second, it cannot place its folios. */
const enoughKb = 1024 * 1024;
const leastKb = 256 * 1024;

/** @param availableKb MemAvailable of /proc/meminfo */
export function checkMemory(availableKb: number): Finding {
  const found = `${formatSize(Math.floor(availableKb / 1024) * 2 ** 20)} available`;
  if (availableKb >= enoughKb) return ok(found);
  const remedy = `give the machine ${formatSize(enoughKb * 1024)} more, or use a smaller --stuck`;
  return availableKb >= leastKb ? limited(found, remedy) : missing(found, remedy);
}

function checkPagemap(): Finding {
  return lookAt(monitor, () => {
    // The stack is memory that is certainly there.
    const end = /-([0-9a-f]+) rw-p [0-9a-f]+ [0-9a-f:]+ 0 +\[stack\]$/m.exec(
      readKernelFile('/proc/self/maps'),
    )?.[1];
    if (end === undefined) return missing('no stack in /proc/self/maps', monitor);
    const nrPages = 8;
    const start = BigInt(`0x${end}`) - BigInt(nrPages * pageBytes);
    const { pfns } = readPagemap('self', start, nrPages);
    return pfns.some((pfn) => pfn >= 0) ? ok('shows page frames') : missing('hides page frames', asRoot);
  });
}

function readable(read: () => unknown): Finding {
  return lookAt(monitor, () => {
    read();
    return ok('readable');
  });
}

export const memoryRequirements: readonly Requirement[] = [
  {
    requirement: '/proc/kpageflags',
    neededFor: ['compact'],
    check: () => readable(() => readKpageflags(0, 1)),
  },
  {
    requirement: '/proc/kpagecount',
    neededFor: ['compact'],
    check: () => readable(() => readKpagecount(0, 1)),
  },
  { requirement: '/proc/PID/pagemap', neededFor: ['compact'], check: checkPagemap },
  {
    requirement: 'vm.compact_memory',
    neededFor: ['compact'],
    check: () =>
      lookAt('a kernel with CONFIG_COMPACTION=y, and /proc/sys read-write', () => {
        accessSync('/proc/sys/vm/compact_memory', constants.W_OK);
        return ok('writable');
      }),
  },
  {
    requirement: '/dev/kmsg',
    neededFor: ['compact'],
    optional: true,
    check: () =>
      lookAt('in a container, --privileged', () => {
        closeSync(openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK));
        return ok('readable');
      }),
  },
  {
    requirement: 'memory',
    neededFor: ['compact'],
    check: () => checkMemory(readMeminfo().get('MemAvailable') ?? 0),
  },
];
