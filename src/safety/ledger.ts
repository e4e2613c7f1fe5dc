/**
 * What this process changed on the machine, written down (and fsynced) before each change, in ledger.jsonl.
 * Owns the changes themselves and their order; undoing them is ledger-restore.ts, which a crash leaves to others.
 *
 * Several stuckfs may change one value.  Whoever sets a value that another ledger shows as set by it takes over
 * that ledger's old value as its own, so that every ledger knows the value from before all of them; and whoever
 * ends while another still wants the file leaves it to that one.  So the last to end puts back what was there
 * before the first began, in whatever order they end (KERNEL-FACTS.md on the bdi defaults that runs raise).
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoName } from '../base/errno.js';
import { StuckfsError } from '../base/errors.js';
import { errnoOf } from '../kernel/kernel-file.js';
import { findMount, readMountinfo } from '../kernel/mountinfo.js';
import { readKernelValue, sysfsInode, writeKernelValue } from './kernel-value.js';
import { appendRecord } from './ledger-file.js';
import { withLedgerLock } from './ledger-lock.js';
import { isInstancePath, ourMountSource, type PseudoFsType, pseudoMountPoints } from './ledger-records.js';
import { type RestoreAction, restoreLedger } from './ledger-restore.js';
import { type Machine, thisMachine } from './machine.js';
import { ensureMounted } from './pseudo-filesystems.js';
import type { StateDirectory } from './state-directory.js';
import { otherClaims } from './value-claims.js';

/** Closed: what could not be changed, or not be written down. */
export type LedgerErrorCode = 'LEDGER_REFUSED' | 'LEDGER_MOUNT' | 'LEDGER_INSTANCE';

export class LedgerError extends StuckfsError {
  constructor(
    override readonly code: LedgerErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/**
 * Values that the kernel clears when their sibling is set (mm/page-writeback.c, dirty_bytes_handler): both are
 * written down, and after the restore it is the one that was not 0 that counts.
 */
const clearedBySetting = new Map([
  ['/proc/sys/vm/dirty_bytes', '/proc/sys/vm/dirty_ratio'],
  ['/proc/sys/vm/dirty_ratio', '/proc/sys/vm/dirty_bytes'],
  ['/proc/sys/vm/dirty_background_bytes', '/proc/sys/vm/dirty_background_ratio'],
  ['/proc/sys/vm/dirty_background_ratio', '/proc/sys/vm/dirty_background_bytes'],
]);

export class Ledger {
  private constructor(
    readonly directory: StateDirectory,
    readonly machine: Machine,
  ) {}

  /** The ledger of a state directory; the file appears with the first change. */
  static open(directory: StateDirectory, machine: Machine = thisMachine): Ledger {
    return new Ledger(directory, machine);
  }

  /**
   * Sets a file below /proc/sys or /sys, without a newline in `value`.
   * @returns the value that the kernel shows afterwards, which may be less than what was asked for
   */
  setFile(path: string, value: string): string {
    if (/[\0\n]/.test(value)) throw new LedgerError('LEDGER_REFUSED', `${path}: a value is one line`);
    return withLedgerLock(this.directory.root, () => {
      const { root } = this.machine;
      const sibling = clearedBySetting.get(path);
      for (const one of sibling === undefined ? [path] : [sibling, path])
        this.announce(one, one === path ? value : '0');
      writeKernelValue(path, value, root);
      const effective = readKernelValue(path, root);
      if (effective !== value)
        appendRecord(this.directory.path, { kind: 'effective', path, value: effective });
      return effective;
    });
  }

  /**
   * Writes down that a process of ours is about to set a file itself, which may take as long as the kernel likes.
   * @param putBackWith the word that brings back what it is now, where that is another than it shows
   * @returns what it is now
   */
  expectFile(path: string, value: string, putBackWith?: string): string {
    if (/[\0\n]/.test(value)) throw new LedgerError('LEDGER_REFUSED', `${path}: a value is one line`);
    return withLedgerLock(this.directory.root, () => this.announce(path, value, putBackWith));
  }

  /** Another stuckfs that runs has set it, too. */
  isWantedByOthers(path: string): boolean {
    return otherClaims(this.directory, path).some(({ isAlive }) => isAlive);
  }

  private announce(path: string, value: string, putBackWith?: string): string {
    const { root } = this.machine;
    const current = readKernelValue(path, root);
    const ino = sysfsInode(path, root);
    // One whose owner lives counts whatever the file shows: the kernel may have made less of it, or a trigger more.
    const inherited = otherClaims(this.directory, path).find(
      (claim) => claim.ino === ino && (claim.isAlive || claim.value === current),
    );
    const word = inherited === undefined ? putBackWith : inherited.putBackWith;
    appendRecord(this.directory.path, {
      kind: 'file',
      path,
      old: inherited?.old ?? current,
      new: value,
      at: monotonicMs(),
      ...(ino === undefined ? {} : { ino }),
      ...(word === undefined ? {} : { putBackWith: word }),
    });
    return current;
  }

  /**
   * Mounts a pseudo filesystem at its usual place unless it is there.
   * @returns whether it is ours, or was there already
   */
  mountPseudo(fsType: PseudoFsType): 'ours' | 'present' {
    return withLedgerLock(this.directory.root, () => {
      const target = pseudoMountPoints[fsType];
      const there = findMount(readMountinfo(this.machine.root), target);
      if (there?.fsType === fsType && there.source !== ourMountSource) return 'present';
      // One that another stuckfs mounted is written down too, so that the last user unmounts it.
      appendRecord(this.directory.path, { kind: 'mount', target, fsType });
      if (there?.fsType === fsType) return 'ours';
      try {
        ensureMounted(fsType, this.machine);
      } catch (cause) {
        throw new LedgerError('LEDGER_MOUNT', (cause as Error).message, { cause });
      }
      return 'ours';
    });
  }

  /** Makes an instance of tracefs: …/tracing/instances/stuckfs-NAME. */
  traceInstance(path: string): void {
    if (!isInstancePath(path)) {
      throw new LedgerError('LEDGER_REFUSED', `${path}: must be …/tracing/instances/stuckfs-NAME`);
    }
    appendRecord(this.directory.path, { kind: 'trace-instance', path });
    try {
      mkdirSync(join(this.machine.root, path), { mode: 0o700 });
    } catch (cause) {
      const errno = errnoOf(cause);
      const why = errno === undefined ? String(cause) : errnoName(errno);
      throw new LedgerError('LEDGER_INSTANCE', `${path}: cannot be made (${why})`, { cause });
    }
  }

  /** Written down before an image is mounted there, directly in the state directory. */
  imageMount(path: string): void {
    if (dirname(path) !== this.directory.path) {
      throw new LedgerError('LEDGER_REFUSED', `${path}: must be in ${this.directory.path}`);
    }
    appendRecord(this.directory.path, { kind: 'image-mount', path });
  }

  /** Written down before a server and a client of NFS are made, with all that they mount in this directory. */
  nfsPeers(path: string): void {
    if (dirname(path) !== this.directory.path) {
      throw new LedgerError('LEDGER_REFUSED', `${path}: must be in ${this.directory.path}`);
    }
    appendRecord(this.directory.path, { kind: 'nfs-peers', path });
  }

  /** Undoes what was changed in these files only, and in those that the kernel changes with them. */
  restoreFiles(paths: Iterable<string>): RestoreAction[] {
    const all = [...paths];
    const siblings = all.map((path) => clearedBySetting.get(path)).filter((path) => path !== undefined);
    return restoreLedger(this.directory, this.machine, new Set([...all, ...siblings]));
  }

  /** Removes every instance that was made, but for one of which somebody has a file open: it stays written down. */
  removeTraceInstances(): RestoreAction[] {
    return restoreLedger(this.directory, this.machine, 'trace-instance');
  }

  /** Undoes everything, last change first, and forgets what was undone; what failed stays written down. */
  restore(): RestoreAction[] {
    return restoreLedger(this.directory, this.machine);
  }
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
