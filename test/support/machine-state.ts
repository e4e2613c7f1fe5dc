/**
 * A picture of everything on the machine that the product may change, so that a test can say that all of it is
 * as before.  Reads /proc and /sys only; never touches a FUSE mount.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMountinfo } from '../../src/kernel/mountinfo.js';
import { listPids, tasksInState } from '../../src/kernel/processes.js';
import { listStateDirectories } from '../../src/safety/state-directory.js';

export interface MachineState {
  readonly sysctls: ReadonlyMap<string, string>;
  /** Attributes of every bdi that is there. */
  readonly bdis: ReadonlyMap<string, string>;
  /** Mount points with their types. */
  readonly mounts: readonly string[];
  readonly traceInstances: readonly string[];
  /** Those that have a backing file: name and file. */
  readonly loopDevices: readonly string[];
  readonly stateDirectories: readonly string[];
}

/** Write-only, or changing by itself. */
const unstable = /compact_memory|drop_caches|stat_refresh|lowmem_reserve/;

function filesOf(directory: string): Map<string, string> {
  const values = new Map<string, string>();
  if (!existsSync(directory)) return values;
  for (const name of readdirSync(directory)) {
    if (unstable.test(name)) continue;
    try {
      values.set(join(directory, name), readFileSync(join(directory, name), 'utf8').trim());
    } catch {
      // Some values may only be written, or are directories.
    }
  }
  return values;
}

export function machineState(): MachineState {
  const bdis = new Map<string, string>();
  for (const name of readdirSync('/sys/class/bdi')) {
    for (const [path, value] of filesOf(join('/sys/class/bdi', name))) {
      // min_bytes and max_bytes are worked out anew from the ratios and the memory that is free.
      // The readahead of a loop device (major 7) is set by the kernel when somebody first puts a file behind it, and stays.
      if (/^7:.*read_ahead_kb$/.test(path.slice('/sys/class/bdi/'.length))) continue;
      if (/(ratio|ratio_fine|limit|read_ahead_kb)$/.test(path)) bdis.set(path, value);
    }
  }
  const { readable, broken } = listStateDirectories();
  return {
    sysctls: new Map([
      ...filesOf('/proc/sys/vm'),
      ...filesOf('/proc/sys/fs/fuse'),
      ...filesOf('/proc/sys/fs'),
      ...filesOf('/sys/kernel/mm/hugepages/hugepages-2048kB'),
      ...filesOf('/sys/kernel/mm/transparent_hugepage'),
    ]),
    bdis,
    mounts: readMountinfo().map((entry) => `${entry.mountPoint} ${entry.fsType}`),
    traceInstances: traceInstances(),
    loopDevices: loopDevices(),
    stateDirectories: [...readable.map(({ directory }) => directory.path), ...broken.map(({ path }) => path)],
  };
}

/** For a shell in a mount namespace of its own. A second mount of it at the same place would be EBUSY. */
export const withTracefs =
  '{ mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing; }';

/** Also where nobody has tracefs mounted: an instance and its buffers outlive the mount. */
function traceInstances(): string[] {
  // Without root there are none of ours, and no look at them.
  if (process.geteuid?.() !== 0) return [];
  const look = `${withTracefs} && ls /sys/kernel/tracing/instances`;
  const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', look], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the trace instances cannot be listed: ${stderr}`);
  return stdout.split('\n').filter((name) => name !== '');
}

/** drivers/block/loop.c: a device has its directory `loop` in sysfs only while a file is bound to it. */
function loopDevices(): string[] {
  return readdirSync('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .flatMap((name) => {
      try {
        return [`${name} ${readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trim()}`];
      } catch {
        return [];
      }
    });
}

/** What of `before` is different now, a line each; empty when the machine is as it was. */
export function differences(before: MachineState, now: MachineState): string[] {
  return [
    ...mapDifferences(before.sysctls, now.sysctls),
    ...mapDifferences(before.bdis, now.bdis),
    ...listDifferences('mount', before.mounts, now.mounts),
    ...listDifferences('trace instance', before.traceInstances, now.traceInstances),
    ...listDifferences('loop device', before.loopDevices, now.loopDevices),
    ...listDifferences('state directory', before.stateDirectories, now.stateDirectories),
  ];
}

/** Counters of the kernel that live among the settings. */
const counters = /\/fs\/(dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota)/;

function mapDifferences(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  const paths = new Set([...before.keys(), ...now.keys()]);
  return [...paths]
    .filter((path) => !counters.test(path) && before.get(path) !== now.get(path))
    .map((path) => `${path}: ${before.get(path) ?? '(absent)'} → ${now.get(path) ?? '(absent)'}`);
}

function listDifferences(what: string, before: readonly string[], now: readonly string[]): string[] {
  return [
    ...now.filter((one) => !before.includes(one)).map((one) => `${what} left: ${one}`),
    ...before.filter((one) => !now.includes(one)).map((one) => `${what} gone: ${one}`),
  ];
}

const builtFile = /dist\/src\/(daemon|scenario|safety|workload|trigger|record|placement|cli)\//;

/** Pids of processes whose command line has it. */
function pidsOf(commandLine: RegExp): number[] {
  return listPids().filter((pid) => {
    try {
      return commandLine.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    } catch {
      return false;
    }
  });
}

/** Tasks in D state whose command line is one of our compiled files. */
export function ourTasksInD(): string[] {
  return tasksInState('D', '/', pidsOf(builtFile)).map((task) => `${task.comm}[${task.pid}]`);
}

/** Also those that have not written down anything yet. */
export function ourDaemons(): number[] {
  return pidsOf(/dist\/src\/daemon\/main\.js/);
}
