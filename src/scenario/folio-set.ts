/**
 * The stuck set of an arm about large folios: folios of one order, dirty or clean, with room for their like or with
 * order-0 pages only, and anonymous base pages as the control set.  There is no server that holds anything.
 */
import { join } from 'node:path';
import { PAGE_BYTES } from '../base/page-size.js';
import { readKpageflagsOf } from '../kernel/kpageflags.js';
import { readSplitCounters } from '../kernel/mthp-stats.js';
import type { RunsNeed } from '../placement/runs.js';
import type { FolioDesign } from '../record/arm-design.js';
import { ArmError } from './arm-context.js';
import { candidateHugePages, runsNeed } from './folio-memory.js';
import { StuckSet } from './stuck-set.js';

/** Folios that are asked to be split. */
const MOST_PROBED = 16;

export class FolioSet extends StuckSet {
  override async make(): Promise<void> {
    const { plan, stage } = this.context;
    const { order, memory, state } = this.design;
    const folioBytes = PAGE_BYTES << order;
    const inodes = await this.workload.ask<{ readonly stuckIno: number; readonly controlIno: number }>(
      'create',
      {
        memory,
        folioBytes,
        state,
        stuckPath: join(stage.mountPoint, this.files.stuck.path),
        stuckBytes: plan.stuckBytes,
        controlBytes: plan.controlBytes,
        seed: plan.seed + plan.index,
      },
      10_000,
    );
    this.files.stuck.ino = inodes.stuckIno;
    this.files.control.ino = inodes.controlIno;
    const deadlineMs = this.context.deadlineForBytes(this.context.bothBytes);
    await this.workload.ask('prime', {}, deadlineMs);
    const lands = memory === 'xfs';
    // Free pages of an order are on the buddy lists only; on the lists of the CPUs they do not merge.
    if (lands) stage.shortenCpuLists();
    // The locked memory of the arm before is not to be there while more is taken.
    await stage.ballast.ask('release', { keptToo: true }, 60_000);
    // Before pages are freed for the sets: it would take them, and empties the lists of the CPUs.
    if (memory === 'hugetlb') {
      const candidates = this.fillPool(this.candidates);
      await this.workload.ask('takeHugePages', { candidates }, deadlineMs);
    }
    await this.placement.land(lands ? { runs: this.runs } : {});
    stage.progress.step(`${plan.stuckBytes / folioBytes} folios of ${folioBytes / 1024} KiB (${memory})`);
    await this.workload.ask('fill', { cpu: this.context.cpu }, deadlineMs);
    if (state === 'clean') await this.workload.ask('sync', {}, deadlineMs);
    await this.frames.locate(this.frames.tables('before'), { touch: true });
    this.mapping = await this.workload.ask('mapping', {}, 10_000);
    this.naming.record();
    this.recordFolios('set-named', `pfns/${plan.index}-stuck-flags.u64`);
    // At last: what is allocated and freed besides takes the room, or leaves pieces of its own.
    await this.placement.settle();
  }

  private get design(): FolioDesign {
    const { folios } = this.context.plan.design;
    if (folios === undefined) throw new ArmError('this arm is not about folios');
    return folios;
  }

  private get runs(): RunsNeed {
    return runsNeed(this.design, this.context.plan.stuckBytes, this.context.stage.lruPages);
  }

  /** The kernel takes hugetlb pages from anywhere. */
  private get candidates(): number {
    return candidateHugePages(this.design, this.context.plan);
  }

  /** @returns how many came of it: fewer may do */
  private fillPool(pages: number): number {
    const got = this.context.stage.addHugePages(pages);
    const least = Math.ceil(this.context.plan.stuckBytes / (PAGE_BYTES << this.design.order));
    if (got < least) throw new ArmError(`the kernel made ${got} huge pages where ${least} are needed`);
    return got;
  }

  override async locateAgain(event: 'hold-ended' | 'set-found', suffix: string): Promise<void> {
    // Mapped in again: try_to_migrate() leaves migration entries, but a split of a file folio unmaps it.
    const names = this.frames.tables(suffix);
    await this.frames.locate(names, { touch: true });
    this.context.record({ event, arm: this.context.plan.index, ...names });
    if (event === 'hold-ended') return;
    const flags = `pfns/${this.context.plan.index}-stuck-flags-${suffix}.u64`;
    this.writeFlags(flags, names.stuckPfns);
    this.recordFolios('set-found', flags);
  }

  private writeFlags(name: string, stuckPfns: string): void {
    const { run } = this.context.stage;
    const pfns = run.readNumbers(stuckPfns) ?? new Float64Array();
    const known = pfns.filter((pfn) => pfn >= 0);
    const flags = readKpageflagsOf(known);
    let next = 0;
    const byPage = BigUint64Array.from(pfns, (pfn) => (pfn >= 0 ? (flags[next++] ?? 0n) : 0n));
    run.write(name, new Uint8Array(byPage.buffer));
  }

  private recordFolios(when: 'set-named' | 'set-found', flags: string): void {
    const counters = readSplitCounters(PAGE_BYTES << this.design.order);
    const { split = null, splitFailed = null } = counters ?? {};
    this.context.record({ event: 'folios', arm: this.context.plan.index, when, split, splitFailed, flags });
  }

  /** Before the file is cut, of another part of it; of hugetlb pages, too. */
  private async askSplits(): Promise<void> {
    const { plan } = this.context;
    const { memory, order } = this.design;
    if (memory === 'anonymous') return;
    const before = readSplitCounters(PAGE_BYTES << order);
    const asked = await this.workload.ask<{ lacking: string | null; asked: number; split: number }>(
      'askSplits',
      { most: MOST_PROBED },
      this.context.deadlineForBytes(plan.stuckBytes),
    );
    const after = readSplitCounters(PAGE_BYTES << order);
    const counted = before === undefined || after === undefined ? undefined : { before, after };
    this.context.record({
      event: 'split-huge-pages-asked',
      arm: plan.index,
      ...asked,
      countedSplit: counted === undefined ? null : counted.after.split - counted.before.split,
      countedFailed: counted === undefined ? null : counted.after.splitFailed - counted.before.splitFailed,
    });
  }

  /** Asked at last, since it cuts the file; of folios that are larger than their least order. */
  private async probeSplits(): Promise<void> {
    const { plan } = this.context;
    const { memory, order, blockBytes } = this.design;
    if (memory !== 'xfs' || blockBytes === PAGE_BYTES << order) return;
    const deadlineMs = this.context.deadlineForBytes(MOST_PROBED * plan.stuckBytes);
    const words = { most: MOST_PROBED };
    const probed = await this.workload.ask<{ asked: number; split: number; cutBytes: number }>(
      'probeSplits',
      words,
      deadlineMs,
    );
    this.context.record({ event: 'split-asked', arm: plan.index, ...probed });
  }

  override async verify(): Promise<void> {
    const { plan } = this.context;
    await this.askSplits();
    await this.probeSplits();
    const deadlineMs = this.context.deadlineForBytes(3 * this.context.bothBytes);
    const verified = await this.workload.ask<{
      fsync: (string | null)[];
      cached: number[];
      served: number[];
    }>('verify', {}, deadlineMs);
    this.context.record({ event: 'verified', arm: plan.index, ...verified });
    await this.aftermath.settle();
    await this.workload.ask('close', {}, 10_000);
  }
}
