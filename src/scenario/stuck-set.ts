/**
 * The stuck set and the control set of an arm: where they are placed, how they are made stuck, how it is
 * confirmed that they are, and where they are later on.
 */

import { join } from 'node:path';
import { PAGE_BYTES } from '../base/page-size.js';
import { readKpageflagsOf } from '../kernel/kpageflags.js';
import { readVmstat } from '../kernel/vmstat.js';
import type { RunEventBody } from '../record/events.js';
import { type ArmContext, ArmError } from './arm-context.js';
import type { Child } from './child.js';

/** Of anybody's writing, as long as ours is done. */
const WRITEBACK_PAGES = 64;
const WRITEBACK_MS = 3000;

export class StuckSet {
  constructor(
    private readonly context: ArmContext,
    private readonly workload: Child,
  ) {}

  /** Writes the files, places their folios, withholds what the scenario withholds, and names them. */
  async make(): Promise<void> {
    const { plan, stage } = this.context;
    const { ballast } = stage;
    const paths = { stuck: `/stuck-${plan.index}`, control: `/control-${plan.index}` };
    const { stuckIno, controlIno } = await this.workload.ask<{ stuckIno: number; controlIno: number }>(
      'create',
      {
        stuckPath: join(stage.mountPoint, paths.stuck),
        stuckBytes: plan.stuckBytes,
        controlPath: join(stage.mountPoint, paths.control),
        controlBytes: plan.controlBytes,
        seed: plan.seed + plan.index,
      },
      10_000,
    );
    await this.workload.ask('prime', {}, this.context.deadlineForBytes(plan.stuckBytes + plan.controlBytes));
    if (plan.kind === 'fault') {
      for (const fault of plan.scenario.faults(paths.stuck)) await stage.client.addFault(fault);
    }
    await this.place(ballast);
    stage.progress.step(
      `dirtying ${mebibytes(plan.stuckBytes)}, and ${mebibytes(plan.controlBytes)} beside it`,
    );
    await this.workload.ask(
      'dirty',
      { cpu: this.context.cpu },
      this.context.deadlineForBytes(plan.stuckBytes + plan.controlBytes),
    );
    if (plan.kind === 'fault') await this.confirmHeld();
    else await this.workload.ask('sync', {}, this.context.deadlineForBytes(plan.stuckBytes));
    const names = this.pfnArtifacts('before');
    await this.workload.ask(
      'locate',
      { ...this.outPaths(names), touch: true },
      this.context.deadlineForBytes(plan.stuckBytes),
    );
    this.recordSet(names, {
      stuck: { path: paths.stuck, ino: stuckIno, pages: Math.ceil(plan.stuckBytes / PAGE_BYTES) },
      control: { path: paths.control, ino: controlIno, pages: Math.ceil(plan.controlBytes / PAGE_BYTES) },
    });
    stage.shortenCpuLists();
    await ballast.ask('settle', {}, 60_000);
  }

  /** Decides where in physical memory the workload's folios will lie (placement/plan.ts says why). */
  private async place(ballast: Child): Promise<void> {
    const { plan, stage } = this.context;
    const setPages = Math.ceil((plan.stuckBytes + plan.controlBytes) / PAGE_BYTES);
    stage.dropPageCache();
    const placed = await ballast.ask<{
      zone: { node: number; name: string; start: number; end: number };
      ballastPages: number;
      targetPages: number;
      landingRange: [number, number] | null;
    }>(
      'fill',
      { need: { setPages, lruPages: stage.lruPages }, nrPages: stage.ballastPages },
      this.context.deadlineForBytes(setPages * PAGE_BYTES * 8),
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
    await ballast.ask('land', { cpu: this.context.cpu }, 60_000);
  }

  private async confirmHeld(): Promise<void> {
    const { plan, stage } = this.context;
    await this.context.deadlines.until(
      'the withheld WRITEs to cover the stuck file',
      this.context.deadlineForBytes(plan.stuckBytes),
      async () =>
        (await stage.client.held({ opcode: 'FUSE_WRITE', limit: 0 })).total.bytes >= plan.stuckBytes,
    );
    const { held } = await stage.client.held({ limit: 100_000 });
    this.context.record({
      event: 'held',
      arm: plan.index,
      held: held.map(({ unique, opcode, nodeid, offset, size }) => ({
        unique,
        opcode,
        nodeid,
        offset,
        size,
      })),
    });
    stage.progress.step(`${held.length} requests held`);
  }

  private recordSet(
    names: { stuckPfns: string; controlPfns: string },
    sets: Omit<
      Extract<RunEventBody, { event: 'set-named' }>,
      'event' | 'arm' | keyof typeof names | 'stuckFlags'
    >,
  ): void {
    const { run } = this.context.stage;
    const stuckFlags = `pfns/${this.context.plan.index}-stuck-flags.u64`;
    const pfns = run.readNumbers(names.stuckPfns) ?? new Float64Array();
    const present = pfns.filter((pfn) => pfn >= 0);
    if (present.length < pfns.length) {
      throw new ArmError(
        `${pfns.length - present.length} of ${pfns.length} stuck folios have no pfn in pagemap`,
      );
    }
    const flags = readKpageflagsOf(present);
    run.write(stuckFlags, new Uint8Array(flags.buffer, flags.byteOffset, flags.byteLength));
    this.context.record({ event: 'set-named', arm: this.context.plan.index, ...sets, ...names, stuckFlags });
  }

  /** Where the folios are now, without touching them. */
  async locateAgain(event: 'hold-ended' | 'set-found', suffix: string): Promise<void> {
    const names = this.pfnArtifacts(suffix);
    await this.workload.ask(
      'locate',
      { ...this.outPaths(names), touch: false },
      this.context.deadlineForBytes(this.context.plan.stuckBytes),
    );
    this.context.record({ event, arm: this.context.plan.index, ...names });
  }

  /** After the release: what the writer is told, and whether every byte is there. */
  async verify(): Promise<void> {
    const bytes = this.context.plan.stuckBytes + this.context.plan.controlBytes;
    const verified = await this.workload.ask<{
      fsync: (string | null)[];
      cached: number[];
      served: number[];
    }>('verify', {}, this.context.deadlineForBytes(3 * bytes));
    this.context.record({ event: 'verified', arm: this.context.plan.index, ...verified });
    await this.waitForWriteback();
    this.context.recordVmstat('verified');
    await this.workload.ask('close', {}, 10_000);
  }

  /** nr_writeback comes back a moment after the last ack; where it does not, the record says so. */
  private async waitForWriteback(): Promise<void> {
    const untilMs = performance.now() + WRITEBACK_MS;
    while ((readVmstat().get('nr_writeback') ?? 0) > WRITEBACK_PAGES && performance.now() < untilMs) {
      await this.context.deadlines.sleep(20);
    }
  }

  private pfnArtifacts(suffix: string): { stuckPfns: string; controlPfns: string } {
    const { index } = this.context.plan;
    return {
      stuckPfns: `pfns/${index}-stuck-${suffix}.u64`,
      controlPfns: `pfns/${index}-control-${suffix}.u64`,
    };
  }

  private outPaths(names: { stuckPfns: string; controlPfns: string }): {
    stuckOut: string;
    controlOut: string;
  } {
    const { path } = this.context.stage.run;
    return { stuckOut: join(path, names.stuckPfns), controlOut: join(path, names.controlPfns) };
  }
}

function mebibytes(bytes: number): string {
  return `${bytes / (1 << 20)} MiB`;
}
