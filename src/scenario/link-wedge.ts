/**
 * A wedge that is a network link: down, and the folios of an NFS client stay under writeback; up, and everything
 * drains.  There is nobody who could say what is held: the kernel's flags and the trace of the client do.
 */
import { hasKpf, readKpageflagsOf } from '../kernel/kpageflags.js';
import { unansweredNfsWrites } from '../record/nfs-writes.js';
import { ArmError } from './arm-context.js';
import { pagesIn } from './set-files.js';
import { Wedge, type WedgedSet } from './wedge.js';

export class LinkWedge extends Wedge {
  private downNs = Number.POSITIVE_INFINITY;
  private requests = 0;
  private bytes = 0;

  override async misbehave(): Promise<void> {
    if (!this.context.withholds) return;
    this.context.stage.startTracing();
    this.downNs = await this.context.stage.setLinkUp(false);
  }

  override async confirm(set: WedgedSet): Promise<void> {
    const { plan, stage, deadlines } = this.context;
    const pfns = set.pfns();
    await deadlines.until(
      'the folios of the stuck file to be under writeback',
      this.context.deadlineForBytes(plan.stuckBytes),
      async () => readKpageflagsOf(pfns).every((bits) => hasKpf(bits, 'WRITEBACK')),
    );
    stage.stopTracing();
    const held = unansweredNfsWrites(await this.context.readTrace(), {
      device: stage.device,
      ino: set.ino(),
    });
    this.requests = held.length;
    this.bytes = held.reduce((sum, { size }) => sum + (size ?? 0), 0);
    this.context.record({ event: 'held', arm: plan.index, held });
    stage.progress.step(
      `the link is down; ${held.length} WRITEs without an answer, ${pagesIn(plan.stuckBytes)} pages under writeback`,
    );
  }

  override async letGo(): Promise<void> {
    const { stage } = this.context;
    const askedNs = await stage.setLinkUp(true);
    this.recordLetGo('link-up', this.requests, this.bytes, askedNs, (askedNs - this.downNs) / 1e6);
    stage.progress.step('the link is up again');
  }

  /** The workload's fsync(2) has waited for every answer. */
  override async confirmDrained(): Promise<void> {
    if (!(await this.context.stage.isServerSound()))
      throw new ArmError('the process of the NFS peers was lost');
  }
}
