/**
 * Requirements of the evidence that comes by tracing: tracefs, and each tracepoint that a verdict rests on.
 * tracefs below debugfs is mounted by the kernel as soon as somebody looks, so it is not looked for there.
 * Authority: include/trace/events/compaction.h, migrate.h, writeback.h, fs/fuse/fuse_trace.h.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { readKernelFile } from '../kernel-file.js';
import { readMountinfo } from '../mountinfo.js';
import { findTracing } from '../tracefs.js';
import { hasFilesystem } from './fuse.js';
import { type Finding, limited, lookAt, missing, ok, type Requirement } from './requirement.js';

const inKernel = 'a kernel with CONFIG_FTRACE and CONFIG_TRACING';

function tracing(): string | undefined {
  return findTracing(readMountinfo().filter((entry) => entry.fsType === 'tracefs'));
}

function checkTracefs(): Finding {
  const directory = tracing();
  if (directory !== undefined) {
    return lookAt(inKernel, () => {
      accessSync(join(directory, 'instances'), constants.W_OK | constants.R_OK);
      return ok(`mounted at ${directory}`);
    });
  }
  return hasFilesystem(readKernelFile('/proc/filesystems'), 'tracefs')
    ? limited('mountable', 'nothing to do: a run mounts it for as long as it needs it')
    : missing('not in /proc/filesystems', inKernel);
}

function tracepoint(system: string, event: string, from: string, optional = false): Requirement {
  return {
    requirement: `${system}:${event}`,
    neededFor: ['compact'],
    optional,
    check: () => {
      const directory = tracing();
      if (directory === undefined) {
        return hasFilesystem(readKernelFile('/proc/filesystems'), 'tracefs')
          ? limited('not known before tracefs is mounted', 'mount -t tracefs nodev /sys/kernel/tracing')
          : missing('no tracefs', inKernel);
      }
      return lookAt(inKernel, () => {
        // A directory that may not be entered looks like one without the event.
        accessSync(join(directory, 'events'), constants.R_OK | constants.X_OK);
        return existsSync(join(directory, 'events', system, event, 'format'))
          ? ok('present')
          : missing('absent', from);
      });
    },
  };
}

const compaction = 'a kernel with CONFIG_COMPACTION=y';

export const tracingRequirements: readonly Requirement[] = [
  { requirement: 'tracefs', neededFor: ['compact'], check: checkTracefs },
  tracepoint('compaction', 'mm_compaction_isolate_migratepages', compaction),
  tracepoint('compaction', 'mm_compaction_begin', compaction),
  tracepoint('compaction', 'mm_compaction_end', compaction),
  tracepoint('migrate', 'mm_migrate_pages', 'a kernel with CONFIG_MIGRATION=y'),
  tracepoint('migrate', 'mm_migrate_pages_start', 'a kernel from 5.13 on with CONFIG_MIGRATION=y'),
  tracepoint('writeback', 'folio_wait_writeback', 'a kernel from 6.4 on'),
  tracepoint('fuse', 'fuse_request_send', 'a kernel from 6.12 on', true),
];
