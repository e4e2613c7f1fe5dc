/**
 * The machine during a run: everything that is changed on it goes through the ledger of the run's state
 * directory, so that it is put back whatever happens.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoName } from '../base/errno.js';
import { StuckfsError } from '../base/errors.js';
import { bdiPath, readBdi } from '../kernel/bdi.js';
import { readKernelFileIfPresent } from '../kernel/kernel-file.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { readSysctl, sysctlPath } from '../kernel/sysctl.js';
import { findTracing, TraceInstance } from '../kernel/tracefs.js';
import { prepareTracing, type RecordedBesides } from '../record/trace-events.js';
import { Ledger } from '../safety/ledger.js';
import type { StateDirectory } from '../safety/state-directory.js';
import { close, OpenFlag, open, syncfs, write } from '../syscall/file.js';
import type { FileChange } from '../trigger/trigger.js';
import { availableBytes } from './memory-need.js';
import { Scarcity } from './scarcity.js';

export class MachineError extends StuckfsError {
  override readonly code = 'MACHINE';
}

/** A fraction so small that the kernel takes its least, four batches a CPU. */
const SHORTEST_CPU_LISTS = '1000000';
/** Up to this share of available memory the default dirty limits (10 % and 20 %) do not throttle the workload. */
const UNTHROTTLED_SHARE = 0.04;

export class RunMachine {
  readonly scarcity: Scarcity;
  private readonly ledger: Ledger;
  private hugetlbBefore: string | undefined;
  private readonly cpuLists: { readonly path: string; readonly before: string | undefined };

  constructor(private readonly state: StateDirectory) {
    this.ledger = Ledger.open(state);
    this.scarcity = new Scarcity(this.ledger);
    const path = sysctlPath('vm.percpu_pagelist_high_fraction');
    this.cpuLists = { path, before: readKernelFileIfPresent(path)?.trim() };
    this.ledger.mountPseudo('tracefs');
    this.ledger.mountPseudo('fusectl');
  }

  /** An empty directory for the mount of one arm, below the state directory. */
  makeMountPoint(arm: number): string {
    const path = join(this.state.path, `mnt-${arm}`);
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  /** @returns puts them back to what they were */
  setSysctls(values: readonly (readonly [name: string, value: string])[]): () => void {
    const before = values.map(([name]) => [name, readSysctl(name)] as const);
    const set = (all: readonly (readonly [name: string, value: string])[]) => {
      for (const [name, value] of all) this.ledger.setFile(sysctlPath(name), value);
    };
    set(values);
    return () => set(before);
  }

  /**
   * Lifts the limits that would stop the writer long before `stuckBytes` are stuck: FUSE's bdi begins with
   * max_ratio 1 and strict_limit 1 (fuse_bdi_init() in fs/fuse/inode.c).
   */
  liftDirtyLimits(device: string, stuckBytes: number): void {
    const [major = 0, minor = 0] = device.split(':').map(Number);
    const bdi = readBdi({ major, minor });
    // strict_limit came with 6.2.
    if (bdi.strict_limit !== undefined) this.ledger.setFile(bdiPath({ major, minor }, 'strict_limit'), '0');
    this.ledger.setFile(bdiPath({ major, minor }, 'max_ratio'), '100');
    if (stuckBytes > availableBytes() * UNTHROTTLED_SHARE) {
      this.ledger.setFile(sysctlPath('vm.dirty_ratio'), '90');
      this.ledger.setFile(sysctlPath('vm.dirty_background_ratio'), '80');
    }
  }

  /**
   * From here on freed pages go on to the buddy lists, all but a few batches: compaction takes none from the lists of
   * the CPUs, which may hold an eighth of the zone (zone_highsize() in mm/page_alloc.c; the sysctl came with 5.14).
   */
  shortenCpuLists(): void {
    if (this.cpuLists.before !== undefined) this.ledger.setFile(this.cpuLists.path, SHORTEST_CPU_LISTS);
  }

  /** Adds to the pool of hugetlb pages of the default size; how many the kernel could make. */
  fillHugetlbPool(pages: number): number {
    this.hugetlbBefore ??= readSysctl('vm.nr_hugepages');
    const wanted = Number(this.hugetlbBefore) + pages;
    return (
      Number(this.ledger.setFile(sysctlPath('vm.nr_hugepages'), `${wanted}`)) - Number(this.hugetlbBefore)
    );
  }

  /** As before, for the next arm: whoever used it has ended. */
  emptyHugetlbPool(): void {
    if (this.hugetlbBefore !== undefined)
      this.ledger.setFile(sysctlPath('vm.nr_hugepages'), this.hugetlbBefore);
  }

  /**
   * Drops clean page cache: large folios of other filesystems on the scanner's way end the compaction of a zone as
   * contended where no free buddy of their order is at hand (compact_zone()), and every folio takes room.
   * What the run itself has just written is synced first: dirty folios are not dropped.
   */
  dropPageCache(runDirectory: string): void {
    const directory = open(runDirectory, OpenFlag.O_RDONLY | OpenFlag.O_CLOEXEC);
    if (directory >= 0) {
      syncfs(directory);
      close(directory);
    }
    const fd = open(sysctlPath('vm.drop_caches'), OpenFlag.O_WRONLY | OpenFlag.O_CLOEXEC);
    if (fd < 0) throw new MachineError(`vm.drop_caches: ${errnoName(-fd)}`);
    write(fd, Buffer.from('1'));
    close(fd);
  }

  /** What the trigger will write to. @returns puts it back once the trigger has ended, whether or not it got there */
  expectChanges(changes: readonly FileChange[]): () => void {
    const before = changes.map(({ path, value }) => [path, this.ledger.expectFile(path, value)] as const);
    return () => {
      for (const [path, value] of before) {
        // A memory block that is online already refuses to go online (state_store() in drivers/base/memory.c).
        if (readKernelFileIfPresent(path)?.trim() === value) continue;
        const now = this.ledger.setFile(path, value);
        if (now !== value) throw new MachineError(`${path}: is ${now}, and should be ${value} again`);
      }
    };
  }

  /** Back to what they were before the run, for the next arm: its workload allocates from them. */
  lengthenCpuLists(): void {
    const { before } = this.cpuLists;
    if (before !== undefined) this.ledger.setFile(this.cpuLists.path, before);
  }

  /** Lets readahead take the whole of the stuck file at once: FUSE's own default is 128 KiB, whatever INIT says. */
  liftReadahead(device: string, stuckBytes: number): void {
    const [major = 0, minor = 0] = device.split(':').map(Number);
    this.ledger.setFile(bdiPath({ major, minor }, 'read_ahead_kb'), `${Math.ceil(stuckBytes / 1024)}`);
  }

  /**
   * A trace instance of our own, ready to be turned on. Also the format files of its events.
   */
  startTrace(
    name: string,
    besides: RecordedBesides,
  ): { instance: TraceInstance; formats: Map<string, string> } {
    const tracing = findTracing(readMountinfo());
    if (tracing === undefined) throw new MachineError('tracefs is not mounted and could not be mounted');
    this.ledger.traceInstance(join(tracing, 'instances', `stuckfs-${name}`));
    const instance = TraceInstance.open(tracing, `stuckfs-${name}`);
    return { instance, formats: prepareTracing(instance, besides) };
  }
}
