/**
 * Undoes what a ledger says was changed: by the process itself, by its watchdog, or by a rescue after a crash.
 * Each file is handled once, from its last change to the value before its first.  Nothing is thrown: every failure
 * is an action that is not ok, and its records stay in the ledger for another attempt.
 * Authority: see ledger.ts for why a value may be left to another stuckfs.
 */
import { rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Errno, errnoName } from '../base/errno.js';
import { errnoOf, isMissing } from '../kernel/kernel-file.js';
import { findMount, readMountinfo } from '../kernel/mountinfo.js';
import { MNT_DETACH, UMOUNT_NOFOLLOW } from '../syscall/mount.js';
import { KernelValueError, readKernelValue, sysfsInode, writeKernelValueWithin } from './kernel-value.js';
import { readLedger, rewriteLedger } from './ledger-file.js';
import { withLedgerLock } from './ledger-lock.js';
import { type LedgerRecord, ourMountSource } from './ledger-records.js';
import type { Machine } from './machine.js';
import { endNfsPeers } from './nfs-peers.js';
import { whileMounted } from './pseudo-filesystems.js';
import type { StateDirectory } from './state-directory.js';
import { claimOn, isMountWanted, otherClaims } from './value-claims.js';

export interface RestoreAction {
  readonly kind: LedgerRecord['kind'] | 'line';
  /** The file, mount point or instance; for `line` its number in ledger.jsonl. */
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** A pool of hundreds of GiB takes its time; what takes longer hangs. */
const DEADLINE_MS = 60_000;

type Outcome = Pick<RestoreAction, 'ok' | 'detail'>;
const done = (detail: string): Outcome => ({ ok: true, detail });
const failed = (detail: string): Outcome => ({ ok: false, detail });

/** Trace instances, for the step of the cleanup that comes first; or these files. All else stays written down. */
type RestoreOnly = 'trace-instance' | ReadonlySet<string>;

export function restoreLedger(
  directory: StateDirectory,
  machine: Machine,
  only?: RestoreOnly,
): RestoreAction[] {
  return withLedgerLock(directory.root, (held) => {
    const { records, refused } = readLedger(directory.path);
    const actions: RestoreAction[] = [];
    if (!held)
      actions.push({ kind: 'line', what: 'lock', ok: true, detail: 'is held by another; went on without' });
    for (const { line, reason } of only === undefined ? refused : []) {
      actions.push({ kind: 'line', what: `${line}`, ok: false, detail: `refused: ${reason}` });
    }
    const seen = new Set<string>();
    for (const record of records.toReversed()) {
      if (record.kind === 'effective' || isOther(record, only)) continue;
      const what = nameOf(record);
      if (seen.has(what)) continue;
      seen.add(what);
      actions.push({ kind: record.kind, what, ...attempt(() => undo(record, records, directory, machine)) });
    }
    const settled = actions.map((action) => secondLook(action, records, machine));
    const keep = new Set(settled.filter((action) => !action.ok).map((action) => action.what));
    const remaining = records.filter((record) => keep.has(nameOf(record)) || isOther(record, only));
    if (remaining.length !== records.length || (only === undefined && refused.length > 0)) {
      rewriteLedger(directory.path, remaining);
    }
    return settled;
  });
}

function isOther(record: LedgerRecord, only: RestoreOnly | undefined): boolean {
  if (only === undefined) return false;
  if (only === 'trace-instance') return record.kind !== only;
  return (record.kind !== 'file' && record.kind !== 'effective') || !only.has(record.path);
}

function nameOf(record: LedgerRecord): string {
  return record.kind === 'mount' ? record.target : record.path;
}

function attempt(act: () => Outcome): Outcome {
  try {
    return act();
  } catch (error) {
    const origin = error instanceof KernelValueError ? error.cause : error;
    const errno = errnoOf(origin);
    // ENODEV: the device went away between open(2) and write(2) (fs/kernfs/file.c).
    if (isMissing(origin) || errno === Errno.ENODEV) return done('gone');
    const message = error instanceof Error ? error.message : String(error);
    return failed(errno === undefined ? message : `${message} (${errnoName(errno)})`);
  }
}

function undo(
  record: LedgerRecord,
  records: readonly LedgerRecord[],
  directory: StateDirectory,
  machine: Machine,
): Outcome {
  if (record.kind === 'mount') return undoMount(record.target, record.fsType, directory, machine);
  if (record.kind === 'trace-instance') return removeTraceInstance(record.path, machine);
  if (record.kind === 'image-mount') return undoImageMount(record.path, directory, machine);
  if (record.kind === 'nfs-peers') return endNfsPeers(record.path, directory, machine);
  return undoFile(record.path, records, directory, machine);
}

function undoFile(
  path: string,
  records: readonly LedgerRecord[],
  directory: StateDirectory,
  { root }: Machine,
): Outcome {
  const ours = claimOn(records, path, true);
  if (ours === undefined) return done('nothing was changed');
  const current = readKernelValue(path, root);
  if (ours.ino !== undefined && sysfsInode(path, root) !== ours.ino) {
    return done('gone; another device has its name now');
  }
  const other = otherClaims(directory, path).find((claim) => claim.isAlive && claim.ino === ours.ino);
  if (other !== undefined && other.at > ours.at)
    return done(`left to the stuckfs that set it to ${other.value}`);
  const wanted = other?.value ?? ours.old;
  if (current === wanted) return done(`is ${wanted} already`);
  const word = other === undefined ? (ours.putBackWith ?? wanted) : wanted;
  writeKernelValueWithin(path, word, root, DEADLINE_MS);
  const now = readKernelValue(path, root);
  if (now !== wanted) return failed(`is ${now}, and should be ${wanted}`);
  const foreign = current === ours.value ? '' : `; found ${current}, which somebody else must have set`;
  const why = other === undefined ? 'as before' : 'as another stuckfs still wants it';
  return done(`set to ${wanted}, ${why}${foreign}`);
}

/** A value that the kernel clears with its sibling is right only once the sibling is. */
function secondLook(
  action: RestoreAction,
  records: readonly LedgerRecord[],
  machine: Machine,
): RestoreAction {
  if (action.ok || action.kind !== 'file') return action;
  const wanted = claimOn(records, action.what, true)?.old;
  const now = attempt(() => done(readKernelValue(action.what, machine.root)));
  return now.ok && now.detail === wanted ? { ...action, ...done(`is ${wanted} again`) } : action;
}

function undoMount(target: string, fsType: string, directory: StateDirectory, machine: Machine): Outcome {
  const there = findMount(readMountinfo(machine.root), target);
  if (there === undefined || there.fsType !== fsType) return done('not mounted');
  if (there.source !== ourMountSource) return done('was mounted by somebody else');
  if (isMountWanted(directory, target)) return done('left to another stuckfs that uses it');
  const result = machine.umount2(target, UMOUNT_NOFOLLOW);
  // Whoever has it open may go on; it is an empty view of the kernel and harms nobody.
  if (result === -Errno.EBUSY) return done('left, as somebody uses it (EBUSY)');
  return result < 0 ? failed(`cannot be unmounted (${errnoName(-result)})`) : done('unmounted');
}

/** Detached, as somebody may have files open there; the loop device is LO_FLAGS_AUTOCLEAR and goes with the last. */
function undoImageMount(path: string, directory: StateDirectory, machine: Machine): Outcome {
  if (dirname(path) !== directory.path) return failed('is not in the state directory');
  const there = findMount(readMountinfo(machine.root), path);
  if (there === undefined) return done('not mounted');
  if (!there.source.startsWith('/dev/loop')) return done('was mounted by somebody else');
  const result = machine.umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH);
  return result < 0 ? failed(`cannot be unmounted (${errnoName(-result)})`) : done('unmounted');
}

/**
 * rmdir(2) on an instance frees its buffers; it is refused while somebody has one of its files open.  An instance
 * whose tracefs was unmounted meanwhile is there still.
 */
export function removeTraceInstance(path: string, machine: Machine): Outcome {
  return whileMounted('tracefs', machine, () => {
    const directory = join(machine.root, path);
    if (!statSync(directory).isDirectory()) return failed('is no directory');
    rmdirSync(directory);
    return done('removed');
  });
}
