/**
 * What a mount with --splice needs of this process, found out before anything is mounted: descriptors for the pins,
 * pipes that are large enough, a scratch file.
 * Authority: fs/pipe.c for fs.pipe-max-size and CAP_SYS_RESOURCE.
 */
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoName } from '../base/errno.js';
import { UsageError } from '../base/errors.js';
import type { Status } from '../control/contract/status.js';
import { readSysctl } from '../kernel/sysctl.js';
import { OpenFlag, open } from '../syscall/file.js';
import { raiseNofileLimit } from '../syscall/resource-limit.js';
import { findPipeRoom, type PipeRoom } from '../transport/splice/pipe-room.js';
import type { DaemonConfig } from './config.js';
import { descriptorsOfBacking } from './open-store.js';

export interface SplicePlan {
  readonly read: boolean;
  readonly write: DaemonConfig['splice']['write'];
  readonly maxPins: number;
  readonly scratchFd: number | undefined;
  /** Pages of one request that the pipes have room for, as many as were asked for or fewer. */
  readonly maxPages: number;
  readonly status: Status['splice'];
}

/** Descriptors for everything else: modules as Node loads them, its threads, the control socket and its connections. */
const ownDescriptors = 256;
/** With fewer it is hardly worth while. */
const fewestPins = 64;
/** As many as there can be WRITEs in flight. */
const mostPins = 65_536;

/**
 * The number of WRITEs that can be pinned at once.
 * @param nofile RLIMIT_NOFILE in force
 * @param wanted --max-pins
 * @param taken descriptors of everything else
 */
export function pinsWithin(nofile: number, wanted: number | undefined, taken = ownDescriptors): number {
  const left = nofile - taken;
  if (wanted === undefined) {
    if (left >= fewestPins) return Math.min(left, mostPins);
    const needed = fewestPins + taken;
    throw new UsageError(
      'RLIMIT_NOFILE',
      nofile,
      `a pinned WRITE costs a descriptor: --splice read needs ${needed} at the least (ulimit -n ${needed}), or --max-pins`,
    );
  }
  if (wanted <= left) return wanted;
  const needed = wanted + taken;
  throw new UsageError(
    '--max-pins',
    wanted,
    `needs ${needed} descriptors and RLIMIT_NOFILE is ${nofile}: ulimit -n ${needed}` +
      (left >= 1 ? `, or at most ${left} pins` : ''),
  );
}

/** Refuses what this process, and so a daemon that it starts, has too few descriptors for; throws UsageError. */
export function countPins({ splice, backing }: Pick<DaemonConfig, 'splice' | 'backing'>): number {
  if (!splice.read) return 0;
  const taken = ownDescriptors + (backing === undefined ? 0 : descriptorsOfBacking);
  return pinsWithin(raiseNofileLimit(), splice.maxPins, taken);
}

/** @throws {UsageError} */
export function planSplice(config: DaemonConfig): SplicePlan | undefined {
  const { read, write, source } = config.splice;
  if (!read && write === 'none') return undefined;
  const pins = countPins(config);
  const room = findPipeRoom(config.maxPages, Number(readSysctl('fs.pipe-max-size')));
  return {
    read,
    write,
    maxPins: pins,
    scratchFd: source === undefined ? undefined : openScratch(source),
    maxPages: room.maxPages,
    status: {
      read,
      write,
      source: source ?? null,
      maxPins: read ? pins : null,
      limited: limitedBy(config.maxPages, room) ?? null,
    },
  };
}

function limitedBy(wanted: number, { maxPages, errno }: PipeRoom): string | undefined {
  if (errno === undefined) return undefined;
  return (
    `max_pages is ${maxPages}, not ${wanted}: a larger pipe was refused (${errnoName(errno)}); ` +
    'it needs CAP_SYS_RESOURCE or a larger fs.pipe-max-size'
  );
}

/** A file without a name. */
function openScratch(directory: string): number {
  const path = join(directory, `.stuckfs-splice-${process.pid}`);
  const fd = open(path, OpenFlag.O_RDWR | OpenFlag.O_CREAT | OpenFlag.O_EXCL | OpenFlag.O_CLOEXEC, 0o600);
  if (fd < 0) {
    const why = errnoName(-fd);
    throw new UsageError(
      '--splice-source',
      directory,
      `no file can be made there (${why}); give a directory`,
    );
  }
  unlinkSync(path);
  return fd;
}
