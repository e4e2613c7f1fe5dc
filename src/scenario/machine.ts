/**
 * The machine during a run: everything that is changed on it goes through the ledger of the run's state
 * directory, so that it is put back whatever happens: what an arm changes with that arm, the rest with the run.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoName } from '../base/errno.js';
import { StuckfsError } from '../base/errors.js';
import { bdiPath, readBdi } from '../kernel/bdi.js';
import { hugePagesPath, nodePoolPaths } from '../kernel/huge-pages.js';
import { readKernelFile, readKernelFileIfPresent } from '../kernel/kernel-file.js';
import { readMountinfo } from '../kernel/mountinfo.js';
import { sysctlPath } from '../kernel/sysctl.js';
import { findTracing, TraceInstance } from '../kernel/tracefs.js';
import { prepareTracing, type RecordedBesides } from '../record/trace-events.js';
import { normaliseValue } from '../safety/kernel-value.js';
import { Ledger } from '../safety/ledger.js';
import type { RestoreAction } from '../safety/ledger-restore.js';
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
/** Of the dirty limit, in percent; all bdis together have less than 100. */
const STRICT_SHARE = '40';
/** Up to this share of available memory the default dirty limits (10 % and 20 %) do not throttle the workload. */
const UNTHROTTLED_SHARE = 0.04;

export class RunMachine {
  readonly scarcity: Scarcity;
  private readonly ledger: Ledger;
  /** Files that the arm has changed, or its trigger is about to change. */
  private readonly ofArm = new Set<string>();

  constructor(private readonly state: StateDirectory) {
    this.ledger = Ledger.open(state);
    this.scarcity = new Scarcity(this.ledger);
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
    for (const [name, value] of values) this.setForArm(sysctlPath(name), value);
    return () => this.putBack(values.map(([name]) => sysctlPath(name)));
  }

  /**
   * Puts back what the arm has changed, whatever way it ended; what its trigger was about to change, too, though that
   * may hang still.
   * @throws {StuckfsError} for what is not as before: it stays written down for the cleanup of the run
   */
  endArm(): void {
    const paths = [...this.ofArm, ...this.scarcity.handOver()];
    this.ofArm.clear();
    // 8 MiB for each CPU that nobody can move: where those of all arms stayed, a small machine ran out of huge pages.
    const instances = this.ledger.removeTraceInstances();
    refuseFailed([...instances, ...this.restore(paths)]);
  }

  private setForArm(path: string, value: string): void {
    this.ofArm.add(path);
    this.ledger.setFile(path, value);
  }

  private putBack(paths: readonly string[]): void {
    refuseFailed(this.restore(paths));
  }

  private restore(paths: readonly string[]): RestoreAction[] {
    // Each node's pool first: then their sum is as before, too.
    const ofNodes = paths.filter((path) => /\/node\d+\/hugepages\//.test(path));
    if (ofNodes.length > 0) this.ledger.restoreFiles(ofNodes);
    return this.ledger.restoreFiles(paths);
  }

  /**
   * Lifts the limits that would stop the writer long before `stuckBytes` are stuck: FUSE's bdi begins with
   * max_ratio 1 and strict_limit 1 (fuse_bdi_init() in fs/fuse/inode.c).
   */
  liftDirtyLimits(device: string, stuckBytes: number): void {
    const [major = 0, minor = 0] = device.split(':').map(Number);
    const bdi = readBdi({ major, minor });
    this.setForArm(bdiPath({ major, minor }, 'max_ratio'), '100');
    // strict_limit came with 6.2. Where it cannot be lifted, who has completed no writeback yet has a share of nothing
    // (__wb_calc_thresh() in mm/page-writeback.c), but for this one.
    if (bdi.strict_limit === undefined) this.setForArm(bdiPath({ major, minor }, 'min_ratio'), STRICT_SHARE);
    else this.setForArm(bdiPath({ major, minor }, 'strict_limit'), '0');
    if (stuckBytes > availableBytes() * UNTHROTTLED_SHARE) {
      this.setForArm(sysctlPath('vm.dirty_ratio'), '90');
      this.setForArm(sysctlPath('vm.dirty_background_ratio'), '80');
    }
  }

  /**
   * From here on, until the arm ends, freed pages go on to the buddy lists, all but a few batches: compaction takes none
   * from the lists of the CPUs, which may hold an eighth of the zone (zone_highsize() in mm/page_alloc.c; the sysctl came
   * with 5.14).
   */
  shortenCpuLists(): void {
    const path = sysctlPath('vm.percpu_pagelist_high_fraction');
    if (readKernelFileIfPresent(path) !== undefined) this.setForArm(path, SHORTEST_CPU_LISTS);
  }

  /** Adds to the pool of huge pages until the arm ends. @returns how many the kernel could make */
  addHugePages(hugePages: number): number {
    // Each node gets back what it had.
    for (const path of nodePoolPaths(hugePagesPath)) {
      this.ofArm.add(path);
      this.ledger.expectFile(path, normaliseValue(readKernelFile(path)));
    }
    const before = Number(readKernelFile(hugePagesPath));
    this.ofArm.add(hugePagesPath);
    return Number(this.ledger.setFile(hugePagesPath, `${before + hugePages}`)) - before;
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
    for (const { path, value, putBackWith } of changes) {
      this.ofArm.add(path);
      this.ledger.expectFile(path, value, putBackWith);
    }
    return () => this.putBack(changes.map(({ path }) => path));
  }

  /** Lets readahead take the whole of the stuck file at once: FUSE's own default is 128 KiB, whatever INIT says. */
  liftReadahead(device: string, stuckBytes: number): void {
    const [major = 0, minor = 0] = device.split(':').map(Number);
    this.setForArm(bdiPath({ major, minor }, 'read_ahead_kb'), `${Math.ceil(stuckBytes / 1024)}`);
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

/** @throws {MachineError} for what could not be undone */
function refuseFailed(actions: readonly RestoreAction[]): void {
  const failed = actions.filter(({ ok }) => !ok);
  if (failed.length === 0) return;
  throw new MachineError(failed.map(({ what, detail }) => `${what}: ${detail}`).join('; '));
}
