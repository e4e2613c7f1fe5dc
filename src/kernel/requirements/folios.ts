/**
 * Requirements of the scenarios about large folios: an XFS image on a loop device, and hugetlb pages.
 * Authority: include/uapi/linux/loop.h, fs/filesystems.c, mm/hugetlb.c.
 */
import { accessSync, constants } from 'node:fs';
import { readKernelFile } from '../kernel-file.js';
import { readMeminfo } from '../meminfo.js';
import { readMountinfo } from '../mountinfo.js';
import { findProgram } from './programs.js';
import { type Finding, lookAt, missing, ok, type Requirement } from './requirement.js';

/** The kernel has loaded it, or has it built in; a module that could be loaded is not counted on. */
export function checkFilesystem(name: string, filesystems: string): Finding {
  return filesystems.split('\n').some((line) => line.endsWith(`\t${name}`))
    ? ok(`${name} is known to this kernel`)
    : missing(`${name} is not in /proc/filesystems`, `modprobe ${name}, or a kernel with it`);
}

/** @param hugepageKb Hugepagesize of /proc/meminfo; undefined where the kernel has no hugetlb */
export function checkHugetlb(hugepageKb: number | undefined): Finding {
  if (hugepageKb === undefined) return missing('no hugetlb pages', 'a kernel with CONFIG_HUGETLBFS=y');
  return hugepageKb === 2048
    ? ok('pages of 2 MiB')
    : missing(`pages of ${hugepageKb} KiB`, 'boot with default_hugepagesz=2M');
}

const writable = (path: string, remedy: string) =>
  lookAt(remedy, () => {
    accessSync(path, constants.R_OK | constants.W_OK);
    return ok('can be opened');
  });

export const folioRequirements: readonly Requirement[] = [
  {
    requirement: 'mkfs.xfs',
    neededFor: ['xfs-image'],
    check: () => {
      const file = findProgram('mkfs.xfs', `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, readMountinfo());
      return file === undefined ? missing('not in PATH', 'apt-get install xfsprogs') : ok(file);
    },
  },
  {
    requirement: 'XFS',
    neededFor: ['xfs-image'],
    check: () => lookAt('procfs at /proc', () => checkFilesystem('xfs', readKernelFile('/proc/filesystems'))),
  },
  {
    requirement: '/dev/loop-control',
    neededFor: ['xfs-image'],
    check: () => writable('/dev/loop-control', 'modprobe loop; in a container, --privileged'),
  },
  {
    requirement: 'hugetlb pages',
    neededFor: ['hugetlb'],
    check: () => lookAt('procfs at /proc', () => checkHugetlb(readMeminfo().get('Hugepagesize'))),
  },
];
