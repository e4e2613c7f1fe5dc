/**
 * Requirements of FUSE: the module, its device, its control filesystem and its limits.
 * Authority: fs/fuse/dev.c, fs/fuse/control.c, fs/fuse/sysctl.c.
 */
import { accessSync, closeSync, constants, existsSync, openSync, readdirSync } from 'node:fs';
import { findFusectlMount } from '../fusectl.js';
import { linesOf, readKernelFile } from '../kernel-file.js';
import { readMountinfo } from '../mountinfo.js';
import { type Finding, limited, lookAt, missing, ok, type Requirement } from './requirement.js';

/** Whether the kernel has a filesystem of this type now, by the text of /proc/filesystems. */
export function hasFilesystem(text: string, type: string): boolean {
  return linesOf(text).some((line) => line.split('\t')[1] === type);
}

function checkDevice(): Finding {
  if (!hasFilesystem(readKernelFile('/proc/filesystems'), 'fuse')) {
    // To open the device would load the module.
    return missing('fuse is not loaded', 'modprobe fuse');
  }
  return lookAt('modprobe fuse; in a container, --device /dev/fuse', () => {
    closeSync(openSync('/dev/fuse', constants.O_RDWR));
    return ok('opens');
  });
}

function checkBdi(): Finding {
  const remedy = 'mount sysfs read-write; in a container, --privileged';
  return lookAt(remedy, () => {
    const directory = '/sys/class/bdi';
    const device = readdirSync(directory)[0];
    if (device === undefined) return limited('no backing device to look at', 'mount something first');
    accessSync(`${directory}/${device}/max_ratio`, constants.W_OK);
    return existsSync(`${directory}/${device}/strict_limit`)
      ? ok('max_ratio and strict_limit can be set')
      : limited(
          'max_ratio can be set, there is no strict_limit',
          'a kernel from 6.2 on, to hold more than a little',
        );
  });
}

export const fuseRequirements: readonly Requirement[] = [
  {
    requirement: 'FUSE',
    neededFor: ['mount', 'compact'],
    check: () =>
      hasFilesystem(readKernelFile('/proc/filesystems'), 'fuse')
        ? ok('in /proc/filesystems')
        : missing('not in /proc/filesystems', 'modprobe fuse, or a kernel with CONFIG_FUSE_FS'),
  },
  { requirement: '/dev/fuse', neededFor: ['mount', 'compact'], check: checkDevice },
  {
    requirement: 'fusectl',
    neededFor: ['mount', 'compact'],
    check: () => {
      if (findFusectlMount(readMountinfo()) !== undefined) return ok('mounted');
      return hasFilesystem(readKernelFile('/proc/filesystems'), 'fusectl')
        ? limited('mountable', 'nothing to do: a mount of stuckfs mounts it for as long as it needs it')
        : missing('not in /proc/filesystems', 'modprobe fuse, or a kernel with CONFIG_FUSE_FS');
    },
  },
  { requirement: 'bdi limits', neededFor: ['compact'], check: checkBdi },
  {
    requirement: 'fs.fuse.max_pages_limit',
    neededFor: ['mount'],
    optional: true,
    check: () => {
      const file = '/proc/sys/fs/fuse/max_pages_limit';
      return existsSync(file)
        ? ok(`${readKernelFile(file).trim()} pages in a request`)
        : limited('256 pages in a request, fixed', 'a kernel from 6.13 on, for larger requests');
    },
  },
];
