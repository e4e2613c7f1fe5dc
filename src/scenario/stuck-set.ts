/**
 * The stuck set and the control set of an arm: where they are placed, how they are made stuck, how it is
 * confirmed that they are, and where they are later on.
 */

import { join } from 'node:path';
import { PAGE_BYTES } from '../base/page-size.js';
import { LEAST_IN_PAGEBLOCK, PAGEBLOCK_PAGES, pageblocksOf } from '../kernel/huge-pages.js';
import { hasKpf, readKpageflagsOf } from '../kernel/kpageflags.js';
import { readVmstat } from '../kernel/vmstat.js';
import type { PlacementNeed } from '../placement/plan.js';
import type { RunEventBody } from '../record/events.js';
import { pageCacheAdditions } from '../record/page-cache-additions.js';
import { type ArmContext, ArmError } from './arm-context.js';
import type { Child } from './child.js';
import { SCARCE_ROOM_PAGES } from './memory-need.js';
import type { Wedge } from './wedge.js';

/** Of anybody's writing, as long as ours is done. */
const WRITEBACK_PAGES = 64;
const WRITEBACK_MS = 3000;
/** From the ack of a WRITE to the end of its folios' writeback. */
const ACKED_MS = 10_000;

/** Small turns, so that every pageblock of the landing has folios of both sets. */
const SCARCE_TURN_BYTES = 64 << 10;

interface Inodes {
  readonly stuckIno: number;
  readonly controlIno: number;
}

export interface PfnArtifacts {
  readonly stuckPfns: string;
  readonly controlPfns: string;
}

export interface SetTarget {
  readonly workloadPid: number;
  /** The artifact. */
  readonly stuckPfns: string;
  /** Where the workload has the stuck file mapped; null where it has not. */
  readonly mapping: { readonly address: string; readonly bytes: number; readonly fd: number } | null;
}

export class StuckSet {
  protected mapping: SetTarget['mapping'] = null;

  /** From the start of the stuck file; no more than what the workload writes. */
  protected stuckBytes: number;
  protected readonly paths: { readonly stuck: string; readonly control: string };
  protected inodes: Inodes = { stuckIno: 0, controlIno: 0 };

  constructor(
    protected readonly context: ArmContext,
    protected readonly workload: Child,
    protected readonly wedge: Wedge,
  ) {
    const { index } = context.plan;
    this.stuckBytes = context.plan.stuckBytes;
    this.paths = { stuck: `/stuck-${index}`, control: `/control-${index}` };
  }

  /** What a trigger is pointed at, once the set is named. */
  get target(): SetTarget {
    return {
      workloadPid: this.workload.pid,
      stuckPfns: this.pfnArtifacts('before').stuckPfns,
      mapping: this.mapping,
    };
  }

  /** A delay runs, and a pulled cable stops everything, from the moment on: so the rest is done before it. */
  private get beginsLate(): boolean {
    const { kind } = this.context.plan.design.misbehaviour;
    return kind === 'delay' || kind === 'unplug';
  }

  protected get bothBytes(): number {
    return this.context.plan.stuckBytes + this.context.plan.controlBytes;
  }

  /** Fills the files, places their folios, withholds what the scenario withholds, and names them. */
  async make(): Promise<void> {
    const { plan, stage } = this.context;
    await this.create();
    if (!this.beginsLate) await this.wedge.misbehave(this.paths.stuck);
    await this.place();
    const filling = this.context.reads ? 'reading' : 'dirtying';
    stage.progress.step(
      `${filling} ${mebibytes(plan.stuckBytes)}, and ${mebibytes(plan.controlBytes)} beside it`,
    );
    if (this.context.reads) stage.startTracing();
    const turn = plan.trigger.allocatesHugePages === true ? { turn: SCARCE_TURN_BYTES } : {};
    await this.workload.ask(
      'fill',
      { cpu: this.context.cpu, ...turn },
      this.context.deadlineForBytes(this.bothBytes),
    );
    if (this.beginsLate) {
      await this.locate(this.pfnArtifacts('before'), { touch: true });
    } else {
      await this.stick();
      await this.name();
    }
    this.mapping = await this.workload.ask<SetTarget['mapping']>('mapping', {}, 10_000);
    stage.shortenCpuLists();
    await stage.ballast.ask('settle', {}, 60_000);
    if (plan.trigger.allocatesHugePages === true) {
      const hugePages = stage.scarcity.takeReady();
      this.context.record({ event: 'huge-pages-taken', arm: plan.index, hugePages, exhausted: false });
    }
  }

  /** Has the folios under way to the server, and waits until what it withholds covers them; or all is written back. */
  protected async stick(): Promise<void> {
    await this.workload.ask('start', {}, 10_000);
    if (this.context.withholds) await this.wedge.confirm();
    else await this.workload.ask('sync', {}, this.context.deadlineForBytes(this.context.plan.stuckBytes));
  }

  private async create(): Promise<void> {
    const { plan, stage } = this.context;
    this.inodes = await this.workload.ask<Inodes>(
      'create',
      {
        kind: plan.design.workload,
        stuckPath: join(stage.mountPoint, this.paths.stuck),
        stuckBytes: plan.stuckBytes,
        controlPath: join(stage.mountPoint, this.paths.control),
        controlBytes: plan.controlBytes,
        seed: plan.seed + plan.index,
      },
      10_000,
    );
    await this.workload.ask('prime', {}, this.context.deadlineForBytes(this.bothBytes));
  }

  /** What was left to do until the trigger is about to be pulled. */
  async beginLate(): Promise<void> {
    if (!this.beginsLate) return;
    const { stage, plan } = this.context;
    await this.wedge.misbehave(this.paths.stuck);
    await this.workload.ask('start', {}, 10_000);
    if (plan.design.misbehaviour.kind === 'unplug')
      await this.workload.ask('lookUp', { path: join(stage.mountPoint, `/absent-${plan.index}`) }, 10_000);
    await this.wedge.confirm();
    this.recordSet(this.pfnArtifacts('before'));
  }

  private async name(): Promise<void> {
    const names = this.pfnArtifacts('before');
    if (this.context.plan.design.serverPages !== undefined) return this.nameBoth(names);
    if (this.context.reads) {
      this.context.stage.stopTracing();
      this.writePfns(names.stuckPfns, await this.addedToPageCache());
      await this.locate({ controlPfns: names.controlPfns }, { touch: true });
    } else await this.locate(names, { touch: true });
    if (this.context.plan.design.stuckBy === 'reference') await this.untilAcked(names.stuckPfns);
    this.recordSet(names);
  }

  /** With the frames that the folios had at first, and those that they have now that the server has answered. */
  private async nameBoth(names: PfnArtifacts): Promise<void> {
    const { plan, stage } = this.context;
    // Waits for the data, and so for the pages that come with it.
    await this.locate(names, { touch: true });
    stage.stopTracing();
    const stuckAdded = `pfns/${plan.index}-stuck-added.u64`;
    this.writePfns(stuckAdded, await this.addedToPageCache());
    const pfns = this.readPfns(names.stuckPfns);
    const first = pfns.reduce((least, pfn) => Math.min(least, pfn));
    const last = pfns.reduce((most, pfn) => Math.max(most, pfn));
    stage.recordFrees([first, last]);
    this.recordSet(names, stuckAdded);
  }

  /** Folios that wait for their data cannot be mapped: the trace has their frames. */
  private async addedToPageCache(): Promise<Float64Array> {
    return pageCacheAdditions(await this.context.readTrace(), {
      device: this.context.stage.device,
      ino: this.inodes.stuckIno,
      pages: this.pagesOf(this.context.plan.stuckBytes),
    });
  }

  /** The server has answered, and the kernel may be about to end the writeback. */
  private async untilAcked(stuckPfns: string): Promise<void> {
    const pfns = this.readPfns(stuckPfns);
    await this.context.deadlines.until(
      'writeback of the answered WRITEs to end',
      ACKED_MS,
      async () => !readKpageflagsOf(pfns).some((bits) => hasKpf(bits, 'WRITEBACK')),
    );
  }

  /** Decides where in physical memory the workload's folios will lie (placement/plan.ts says why). */
  protected async place(besides: Pick<PlacementNeed, 'landingOrder' | 'targetOrder'> = {}): Promise<void> {
    const { plan, stage } = this.context;
    const { ballast } = stage;
    const setPages = Math.ceil(this.bothBytes / PAGE_BYTES);
    stage.dropPageCache();
    const isScarce = plan.trigger.allocatesHugePages === true;
    const room: { roomPages?: number } = isScarce ? { roomPages: SCARCE_ROOM_PAGES } : {};
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
    if (isScarce) await this.makeScarce();
    await ballast.ask('land', { cpu: this.context.cpu }, 60_000);
  }

  /** Whatever huge pages there are, or can be made by moving what is not ours, are taken now. */
  private async makeScarce(): Promise<void> {
    const { plan, stage } = this.context;
    stage.shortenCpuLists();
    await stage.ballast.ask('makeRoom', {}, 60_000);
    const taken = stage.scarcity.take();
    this.context.record({ event: 'huge-pages-taken', arm: plan.index, ...taken });
    stage.progress.step(
      `took ${taken.hugePages} huge pages, ${taken.exhausted ? 'all that could be had' : 'until memory ran short'}`,
    );
  }

  /** Of the pageblocks with folios of the stuck set: how many are wholly a huge page now. */
  recordPageblocks(): void {
    const pfns = this.readPfns(this.pfnArtifacts('before').stuckPfns);
    const blocks = pageblocksOf(pfns, LEAST_IN_PAGEBLOCK);
    const flags = readKpageflagsOf(blocks.map((block) => block * PAGEBLOCK_PAGES));
    const given = blocks.filter((_, index) => {
      const bits = flags[index] ?? 0n;
      return hasKpf(bits, 'HUGE') || hasKpf(bits, 'THP');
    });
    this.context.record({ event: 'pageblocks', arm: this.context.plan.index, withStuck: blocks, given });
  }

  protected recordSet(names: PfnArtifacts, stuckAdded?: string): void {
    const { plan, stage } = this.context;
    const stuckFlags = `pfns/${plan.index}-stuck-flags.u64`;
    const flags = readKpageflagsOf(this.readPfns(names.stuckPfns));
    stage.run.write(stuckFlags, new Uint8Array(flags.buffer, flags.byteOffset, flags.byteLength));
    const { stuckIno, controlIno } = this.inodes;
    this.context.record({
      event: 'set-named',
      arm: plan.index,
      stuck: { path: this.paths.stuck, ino: stuckIno, pages: this.pagesOf(this.stuckBytes) },
      control: { path: this.paths.control, ino: controlIno, pages: this.pagesOf(plan.controlBytes) },
      ...names,
      stuckFlags,
      ...(stuckAdded === undefined ? {} : { stuckAdded }),
    });
  }

  /** All of them, or an ArmError. */
  private readPfns(name: string): Float64Array {
    const pfns = this.context.stage.run.readNumbers(name) ?? new Float64Array();
    const absent = pfns.filter((pfn) => pfn < 0).length;
    if (absent > 0) throw new ArmError(`${absent} of ${pfns.length} stuck folios have no known pfn`);
    return pfns;
  }

  protected writePfns(name: string, pfns: Float64Array): void {
    const numbers = BigInt64Array.from(pfns, BigInt);
    this.context.stage.run.write(name, new Uint8Array(numbers.buffer));
  }

  /** Where the folios are now. While they are withheld nothing of theirs is touched. */
  async locateAgain(event: 'hold-ended' | 'set-found', suffix: string): Promise<void> {
    const names = this.pfnArtifacts(suffix);
    if (!this.context.reads) await this.locate(names, { touch: false });
    else if (event === 'hold-ended' && this.context.withholds) {
      this.writePfns(names.stuckPfns, this.stillLocked());
      await this.locate({ controlPfns: names.controlPfns }, { touch: false });
    } else await this.locate(names, { touch: true });
    this.context.record({ event, arm: this.context.plan.index, ...names } satisfies RunEventBody);
  }

  /** After the end of the connection, when to touch a folio without its data is SIGBUS. */
  async locateAfterEnd(): Promise<void> {
    const names = this.pfnArtifacts('after');
    const { reads, plan } = this.context;
    if (reads) {
      this.writePfns(names.stuckPfns, this.stillWithoutData());
      await this.locate({ controlPfns: names.controlPfns }, { touch: false });
    } else await this.locate(names, { touch: false });
    this.context.record({
      event: 'set-found',
      arm: plan.index,
      ...names,
      ...(reads ? { byFlags: true as const } : {}),
    });
  }

  /** The frames that hold a page-cache folio without data still; -1 for any other. */
  private stillWithoutData(): Float64Array {
    const pfns = this.readPfns(this.pfnArtifacts('before').stuckPfns);
    const flags = readKpageflagsOf(pfns);
    return pfns.map((pfn, index) => {
      const bits = flags[index] ?? 0n;
      const isFolio = hasKpf(bits, 'LRU') && !hasKpf(bits, 'ANON') && !hasKpf(bits, 'BUDDY');
      return isFolio && !hasKpf(bits, 'UPTODATE') ? pfn : -1;
    });
  }

  /** The frames that hold a locked folio without data still; -1 for any other, wherever its folio is. */
  private stillLocked(): Float64Array {
    const pfns = this.readPfns(this.pfnArtifacts('before').stuckPfns);
    const flags = readKpageflagsOf(pfns);
    return pfns.map((pfn, index) => {
      const bits = flags[index] ?? 0n;
      return hasKpf(bits, 'LOCKED') && !hasKpf(bits, 'UPTODATE') ? pfn : -1;
    });
  }

  protected async locate(
    names: Partial<PfnArtifacts>,
    { touch }: { readonly touch: boolean },
  ): Promise<void> {
    const { path } = this.context.stage.run;
    const { stuckPfns, controlPfns } = names;
    await this.workload.ask(
      'locate',
      {
        touch,
        ...(stuckPfns === undefined ? {} : { stuckOut: join(path, stuckPfns) }),
        ...(controlPfns === undefined ? {} : { controlOut: join(path, controlPfns) }),
      },
      this.context.deadlineForBytes(this.context.plan.stuckBytes),
    );
  }

  /** After the release: what the user is told, and whether every byte is there. */
  async verify(): Promise<void> {
    if (this.context.plan.design.misbehaviour.kind === 'unplug') await this.lookedUp();
    const verified = await this.workload.ask<{
      fsync: (string | null)[];
      cached: number[];
      served: number[];
    }>('verify', {}, this.context.deadlineForBytes(3 * this.bothBytes));
    this.context.record({ event: 'verified', arm: this.context.plan.index, ...verified });
    await this.wedge.confirmDrained();
    await this.settle();
    const wrong = (await this.close()).find((said) => said !== null);
    if (wrong !== undefined) throw new ArmError(`close(2) said ${wrong}`);
  }

  /** After the end of the connection: what the user is told, and what the page cache has still. */
  async aftermath(): Promise<void> {
    const found = await this.workload.ask<{ fsync: (string | null)[]; keptPages: number[] }>(
      'aftermath',
      {},
      this.context.deadlineForBytes(3 * this.bothBytes),
    );
    this.context.record({ event: 'aftermath', arm: this.context.plan.index, ...found });
    await this.settle();
    await this.close();
  }

  private async settle(): Promise<void> {
    await this.waitForWriteback();
    this.context.recordVmstat('verified');
  }

  private async close(): Promise<(string | null)[]> {
    const close = await this.workload.ask<(string | null)[]>('close', {}, 10_000);
    this.context.record({ event: 'closed', arm: this.context.plan.index, close });
    return close;
  }

  /** Of the stuck set: what the server has not even been asked to take. */
  countDirty(): number {
    const pfns = this.readPfns(this.pfnArtifacts('before').stuckPfns);
    return readKpageflagsOf(pfns).filter((bits) => hasKpf(bits, 'DIRTY') && !hasKpf(bits, 'WRITEBACK'))
      .length;
  }

  /** The other request that hung has its answer, too: there is no such file. */
  private async lookedUp(): Promise<void> {
    const said = await this.workload.ask<string | null>('lookedUp', {}, 10_000);
    if (said !== 'ENOENT')
      throw new ArmError(`the look-up that hung ended with ${said ?? 'success'}, not ENOENT`);
  }

  /** nr_writeback comes back a moment after the last ack; where it does not, the record says so. */
  private async waitForWriteback(): Promise<void> {
    const untilMs = performance.now() + WRITEBACK_MS;
    while ((readVmstat().get('nr_writeback') ?? 0) > WRITEBACK_PAGES && performance.now() < untilMs) {
      await this.context.deadlines.sleep(20);
    }
  }

  protected pagesOf(bytes: number): number {
    return Math.ceil(bytes / PAGE_BYTES);
  }

  protected pfnArtifacts(suffix: string): PfnArtifacts {
    const { index } = this.context.plan;
    return {
      stuckPfns: `pfns/${index}-stuck-${suffix}.u64`,
      controlPfns: `pfns/${index}-control-${suffix}.u64`,
    };
  }
}

function mebibytes(bytes: number): string {
  return `${bytes / (1 << 20)} MiB`;
}
