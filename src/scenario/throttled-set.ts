/**
 * The stuck set of a writer whom the kernel does not let have all that it wants: what is withheld once it is stopped.
 * Authority: balance_dirty_pages() in mm/page-writeback.c.
 */
import { PAGE_BYTES } from '../base/page-size.js';
import { readBdi } from '../kernel/bdi.js';
import { readProcStatus } from '../kernel/proc-status.js';
import { tasksInState } from '../kernel/processes.js';
import { readSysctl } from '../kernel/sysctl.js';
import { readVmstat } from '../kernel/vmstat.js';
import type { HeldRequestRecord } from '../record/events.js';
import { throttledIn } from '../report/untrusted.js';
import type { ArmContext } from './arm-context.js';
import type { Child } from './child.js';
import { availableBytes } from './memory-need.js';
import { PopulatedFrames } from './populated-frames.js';
import { StuckSet } from './stuck-set.js';
import { hasOwnUserNamespace } from './untrusted-namespaces.js';
import type { Wedge } from './wedge.js';

/** A stopped writer goes on at a crawl: this little in that time counts as stopped. */
const CRAWL_BYTES = 256 << 10;
const CRAWL_MS = 1000;
/** Priming and writing under the limits, chunk by chunk. */
const THROTTLE_MS = 30_000;
const MIB = 1 << 20;
/** FUSE's bdi may have one percent of what all may have dirty. */
const BDI_SHARE = 0.01;
const MORE_THAN_ENOUGH = 1.5;

/** At least as much as asked for, and more than the kernel lets a FUSE bdi have, so that the writer meets the limit. */
export function enoughToBeThrottled(stuckBytes: number): number {
  // One of the two is 0: the other counts.
  const dirtyBytes = Number(readSysctl('vm.dirty_bytes'));
  const limit = dirtyBytes > 0 ? dirtyBytes : (availableBytes() * Number(readSysctl('vm.dirty_ratio'))) / 100;
  const mib = Math.ceil((limit * BDI_SHARE * MORE_THAN_ENOUGH) / MIB);
  return Math.max(stuckBytes, mib * MIB);
}

export class ThrottledSet extends StuckSet {
  /** As it was last seen stopped: it wakes every fifth of a second (MAX_PAUSE in mm/page-writeback.c) and looks. */
  private writerStack: readonly string[] | undefined;

  constructor(context: ArmContext, workload: Child, wedge: Wedge) {
    super(context, workload, wedge, PopulatedFrames);
  }

  /** Until the writer is stopped or has written everything; what is withheld from the start on is the set. */
  protected override async stick(): Promise<void> {
    if (this.context.withholds) await this.untilStopped();
    else await super.stick();
    await this.recordUser('set-named');
  }

  private async untilStopped(): Promise<void> {
    const { deadlines, stage } = this.context;
    let before = { bytes: -CRAWL_BYTES, atMs: Number.NEGATIVE_INFINITY };
    await deadlines.until('the writer to be stopped', THROTTLE_MS, async () => {
      if ((await this.writtenBytes()) >= this.context.plan.stuckBytes) return true;
      const { bytes } = (await stage.client.held({ limit: 0 })).total;
      const nowMs = performance.now();
      this.writerStack = this.throttled() ?? this.writerStack;
      if (nowMs - before.atMs < CRAWL_MS) return false;
      const isStopped = bytes > 0 && bytes - before.bytes < CRAWL_BYTES;
      if (isStopped && this.writerStack !== undefined) return true;
      before = { bytes, atMs: nowMs };
      this.writerStack = undefined;
      return false;
    });
    const held = await this.wedge.record();
    const { stuck } = this.files;
    stuck.bytes = coveredFromStart(held, stuck.ino, this.context.plan.stuckBytes);
    stage.progress.step(
      `${held.length} requests held, ${stuck.bytes / PAGE_BYTES} folios; the writer is ${
        this.writerStack === undefined ? 'not stopped' : `in ${throttledIn}`
      }`,
    );
  }

  override async locateAgain(event: 'hold-ended' | 'set-found', suffix: string): Promise<void> {
    await super.locateAgain(event, suffix);
    if (event === 'hold-ended' && this.context.withholds) await this.recordUser('hold-ended');
  }

  private async writtenBytes(): Promise<number> {
    return (await this.workload.ask<number>('written', {}, 10_000)) * PAGE_BYTES;
  }

  /** The stack of the writer while it is stopped. */
  private throttled(): readonly string[] | undefined {
    return tasksInState('D', '/', [this.workload.pid])
      .map(({ stack = [] }) => stack.map(({ symbol }) => symbol))
      .find((stack) => stack.includes(throttledIn));
  }

  private async recordUser(when: 'set-named' | 'hold-ended'): Promise<void> {
    const { plan, stage } = this.context;
    const [major = 0, minor = 0] = stage.device.split(':').map(Number);
    const bdi = readBdi({ major, minor });
    const { pid, held } = await stage.client.status();
    this.context.record({
      event: 'untrusted',
      arm: plan.index,
      when,
      serverUid: readProcStatus(pid).uids[1],
      writerUid: readProcStatus(this.workload.pid).uids[1],
      ownUserNamespace: hasOwnUserNamespace(pid) && hasOwnUserNamespace(this.workload.pid),
      maxRatio: bdi.max_ratio ?? null,
      strictLimit: bdi.strict_limit ?? null,
      wantedBytes: plan.stuckBytes,
      writtenBytes: await this.writtenBytes(),
      heldRequests: held.requests,
      heldBytes: held.bytes,
      writebackPages: readVmstat().get('nr_writeback') ?? 0,
      writerStack: (when === 'set-named' ? this.writerStack : this.throttled()) ?? null,
    });
  }
}

/** Bytes from the start of the file on without a gap. */
function coveredFromStart(held: readonly HeldRequestRecord[], ino: number, bytes: number): number {
  const ranges = held
    .flatMap(({ nodeid, offset, size }) =>
      nodeid === ino && offset !== null && size !== null ? [[offset, offset + size] as const] : [],
    )
    .toSorted(([a], [b]) => a - b);
  let covered = 0;
  for (const [start, end] of ranges) {
    if (start > covered) break;
    covered = Math.max(covered, end);
  }
  return Math.min(Math.floor(covered / PAGE_BYTES) * PAGE_BYTES, bytes);
}
