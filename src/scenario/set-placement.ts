/**
 * Where in physical memory the folios of the sets will lie (placement/plan.ts says why): has the ballast make room for
 * them, and for what is to be moved, and makes huge pages scarce for a trigger that allocates some.
 */
import { PAGE_BYTES } from '../base/page-size.js';
import type { PlacementNeed } from '../placement/plan.js';
import { type ArmContext, ArmError } from './arm-context.js';
import { scarceRoomPages } from './memory-need.js';
import { pagesIn } from './set-files.js';

const MOST_PASSES = 5;
/** Huge pages that the pass before yielded. */
const WORTH_A_PASS = 8;

export class SetPlacement {
  constructor(private readonly context: ArmContext) {}

  private get isScarce(): boolean {
    return this.context.plan.trigger.allocatesHugePages === true;
  }

  /** Where the memory was brought for the sets, or what is to be moved is named: wherever that lies. */
  private get liesAnywhere(): boolean {
    return this.context.isMemoryBrought || this.context.plan.trigger.reach === 'asked';
  }

  /** Before the page cache is filled. @param besides what large folios need */
  async land(besides: Pick<PlacementNeed, 'runs'> = {}): Promise<void> {
    const { plan, stage, cpu } = this.context;
    const { ballast } = stage;
    const setPages = pagesIn(this.context.bothBytes);
    stage.dropPageCache();
    if (this.liesAnywhere) {
      // What the arm before had of it is room for this one.
      await ballast.ask('release', { keptToo: false }, 60_000);
      return;
    }
    // Whole pageblocks there are once memory is compacted.
    if (this.isScarce || besides.runs !== undefined) {
      await ballast.ask('release', { keptToo: true }, 60_000);
      await this.context.compactMemory();
    }
    const room: { roomPages?: number } = this.isScarce ? { roomPages: scarceRoomPages(stage.lruPages) } : {};
    const placed = await ballast.ask<{
      zone: { node: number; name: string; start: number; end: number };
      ballastPages: number;
      targetPages: number;
      landingRange: [number, number] | null;
    }>(
      'fill',
      { need: { setPages, lruPages: stage.lruPages, ...room, ...besides }, nrPages: stage.ballastPages },
      this.context.deadlineForBytes((setPages * 8 + (room.roomPages ?? 0) * 16) * PAGE_BYTES),
    );
    this.context.record({
      event: 'placed',
      arm: plan.index,
      zone: placed.zone,
      landingRange: placed.landingRange,
      ballastPages: placed.ballastPages,
      targetPages: placed.targetPages,
    });
    if (placed.landingRange === null) {
      throw new ArmError(
        `placement: too few free pages in zone ${placed.zone.name} of node ${placed.zone.node}`,
      );
    }
    if (this.isScarce) await this.makeScarce();
    await ballast.ask('land', { cpu }, 60_000);
  }

  /** Once it is filled: frees what the folios are to be moved to. */
  async settle(): Promise<void> {
    const { plan, stage } = this.context;
    stage.shortenCpuLists();
    if (this.liesAnywhere) return;
    // What is moved out of a range goes wherever there is room, and the ballast would have to go out of it as well.
    if (plan.trigger.emptiesRange === true) {
      await stage.ballast.ask('release', { keptToo: true }, 60_000);
      return;
    }
    await stage.ballast.ask('settle', {}, 60_000);
    if (!this.isScarce) return;
    const hugePages = stage.scarcity.takeReady();
    this.context.record({ event: 'huge-pages-taken', arm: plan.index, hugePages, exhausted: false });
  }

  /** Whatever huge pages there are, or can be made by moving what is not ours, are taken now. */
  private async makeScarce(): Promise<void> {
    const { plan, stage } = this.context;
    stage.shortenCpuLists();
    await stage.ballast.ask('makeRoom', {}, 60_000);
    stage.scarcity.begin();
    // A pass over all memory yields what the hundreds of allocations would have to compact for, each by itself.
    stage.scarcity.takeReady();
    let gained = WORTH_A_PASS;
    for (let pass = 0; pass < MOST_PASSES && gained >= WORTH_A_PASS; pass++) {
      await this.context.compactMemory();
      gained = stage.scarcity.takeReady();
    }
    const taken = stage.scarcity.take();
    this.context.record({ event: 'huge-pages-taken', arm: plan.index, ...taken });
    stage.progress.step(
      `took ${taken.hugePages} huge pages, ${taken.exhausted ? 'all that could be had' : 'until memory ran short'}`,
    );
  }
}
