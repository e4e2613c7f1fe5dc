/**
 * Who hangs at the end of the hold, and for which folio.  The join: waiting task → folio (inode, index) → frame and
 * held request.
 */
import { PAGE_BYTES } from '../base/page-size.js';
import type { HeldRequestRecord, SetRecord } from '../record/events.js';
import type { ArmEvents, EventOf } from './arm-events.js';
import type { Waiter, WaitsFor } from './evidence.js';
import { isWithin, type TraceFacts } from './trace-facts.js';

export interface Scene {
  readonly start: EventOf<'arm-started'>;
  readonly events: ArmEvents;
  readonly facts: TraceFacts | undefined;
  readonly held: readonly HeldRequestRecord[];
  readonly stuck: SetRecord | undefined;
  readonly stuckPfns: Float64Array;
}

export function waiters(scene: Scene): Waiter[] {
  const { events, facts } = scene;
  const released = events.first('released');
  // A stack from before the wait that the trace shows is that of another wait.
  const sinceNs = (facts?.waitingSinceUs ?? 0) * 1000;
  const last = new Map<number, EventOf<'task-sampled'>>();
  for (const sample of events.all('task-sampled')) {
    if (sample.state !== 'D' || (released !== undefined && sample.atNs > released.askedNs)) continue;
    if (sample.role !== 'trigger' || sample.atNs >= sinceNs) last.set(sample.tid, sample);
  }
  const relevant = [...last.values()].filter(
    ({ role, stack }) => role !== 'other' || stack.some(isAboutFolios),
  );
  return relevant.map(({ role, pid, comm, state, stack }) => {
    const waitsFor = role === 'trigger' ? waitedFor(scene) : undefined;
    const waiter = { role, pid, comm, state, stack };
    return waitsFor === undefined ? waiter : { ...waiter, waitsFor };
  });
}

/** Of all tasks in D state, those that wait for a folio or for a server; journal threads are not our business. */
function isAboutFolios(symbol: string): boolean {
  return /^(__)?folio_(wait|lock)|^fuse_|^request_wait_answer$|^rpc_wait_bit_killable$/.test(symbol);
}

function waitedFor(scene: Scene): WaitsFor | undefined {
  const { start, facts, held, stuck, stuckPfns } = scene;
  const isLock = start.stuckBy === 'lock';
  const named = isLock ? lockedFolio(scene) : facts?.waitsFor;
  if (named === undefined) return undefined;
  const { bdi, inode, index } = named;
  const namedBy = isLock ? 'mm_compaction_isolate_migratepages' : 'folio_wait_writeback';
  const offset = index * PAGE_BYTES;
  const request = held.find(
    ({ nodeid, offset: from, size }) =>
      // An inode number means something on its own filesystem only.
      bdi === start.device &&
      nodeid === inode &&
      from !== null &&
      size !== null &&
      from <= offset &&
      offset < from + size,
  );
  const pfn = bdi === start.device && inode === stuck?.ino ? stuckPfns[index] : undefined;
  return { bdi, inode, index, pfn, unique: request?.unique, namedBy };
}

/**
 * No tracepoint names a folio whose lock is waited for.  What is isolated goes to the head of the list that is
 * migrated (list_add() in isolate_migratepages_block(), mm/compaction.c), so the last one isolated is tried first: the
 * highest frame of the set in the last range before the stall.
 */
function lockedFolio({
  start,
  facts,
  stuck,
  stuckPfns,
}: Scene): Pick<WaitsFor, 'bdi' | 'inode' | 'index'> | undefined {
  const range = facts?.lastIsolated;
  if (range === undefined || stuck === undefined) return undefined;
  let index = -1;
  for (const [candidate, pfn] of stuckPfns.entries()) {
    if (isWithin(pfn, [range]) && (index < 0 || pfn > (stuckPfns[index] ?? 0))) index = candidate;
  }
  return index < 0 ? undefined : { bdi: start.device, inode: stuck.ino, index };
}
