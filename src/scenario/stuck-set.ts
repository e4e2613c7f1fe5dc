/**
 * The stuck set and the control set of an arm, and how they come to be: files made and filled, folios placed, what the
 * scenario withholds withheld, and confirmed.  Where they are to lie is set-placement.ts, in which frames they are
 * set-frames.ts, what says that they are stuck set-naming.ts, what comes of the files aftermath.ts.
 */
import { join } from 'node:path';
import { PAGE_BYTES } from '../base/page-size.js';
import { Aftermath } from './aftermath.js';
import type { ArmContext } from './arm-context.js';
import type { Child } from './child.js';
import { type SetFiles, setFilesOf } from './set-files.js';
import { SetFrames } from './set-frames.js';
import { SetNaming } from './set-naming.js';
import { SetPlacement } from './set-placement.js';
import type { Wedge, WedgedSet } from './wedge.js';

/** Small turns, so that every pageblock of the landing has folios of both sets. */
const SCARCE_TURN_BYTES = 64 << 10;

interface SetTarget {
  readonly workloadPid: number;
  /** The artifact. */
  readonly stuckPfns: string;
  /** Where the workload has the stuck file mapped; null where it has not. */
  readonly mapping: { readonly address: string; readonly bytes: number; readonly fd: number } | null;
}

export class StuckSet {
  readonly frames: SetFrames;
  protected readonly files: SetFiles;
  protected readonly placement: SetPlacement;
  protected readonly naming: SetNaming;
  protected readonly aftermath: Aftermath;
  protected mapping: SetTarget['mapping'] = null;

  constructor(
    protected readonly context: ArmContext,
    protected readonly workload: Child,
    protected readonly wedge: Wedge,
    Frames: typeof SetFrames = SetFrames,
  ) {
    this.files = setFilesOf(context.plan);
    this.frames = new Frames(context, workload, this.files);
    this.placement = new SetPlacement(context);
    this.naming = new SetNaming(context, this.files, this.frames);
    this.aftermath = new Aftermath(context, workload, wedge);
  }

  /** What a trigger is pointed at, once the set is named. */
  get target(): SetTarget {
    return {
      workloadPid: this.workload.pid,
      stuckPfns: this.frames.tables('before').stuckPfns,
      mapping: this.mapping,
    };
  }

  protected get wedged(): WedgedSet {
    return {
      pfns: () => this.frames.read(this.frames.tables('before').stuckPfns),
      ino: () => this.files.stuck.ino,
    };
  }

  /** A delay runs, and a pulled cable stops everything, from the moment on: so the rest is done before it. */
  private get beginsLate(): boolean {
    const { kind } = this.context.plan.design.misbehaviour;
    return kind === 'delay' || kind === 'unplug' || kind === 'link-down';
  }

  /** Fills the files, places their folios, withholds what the scenario withholds, and names them. */
  async make(): Promise<void> {
    await this.create();
    if (!this.beginsLate) await this.wedge.misbehave(this.files.stuck.path);
    await this.placement.land();
    await this.fill();
    if (this.beginsLate) {
      await this.frames.locate(this.frames.tables('before'), { touch: true });
    } else {
      await this.stick();
      await this.naming.name();
    }
    this.mapping = await this.workload.ask<SetTarget['mapping']>('mapping', {}, 10_000);
    if (this.context.plan.trigger.reclaimsClean === true) await this.lock();
    await this.placement.settle();
  }

  /**
   * So that they are moved.  What a CPU has not put onto the LRU lists yet counts as not movable, outside of CMA
   * (has_unmovable_pages() in mm/page_isolation.c): drop_caches has each CPU do that first (lru_add_drain_all()), and leaves
   * what is locked.
   */
  private async lock(): Promise<void> {
    await this.workload.ask('lock', {}, 10_000);
    this.context.stage.dropPageCache();
  }

  /** What was left to do until the trigger is about to be pulled. */
  async beginLate(): Promise<void> {
    if (!this.beginsLate) return;
    const { stage, plan } = this.context;
    await this.wedge.misbehave(this.files.stuck.path);
    await this.workload.ask('start', {}, 10_000);
    if (plan.design.misbehaviour.kind === 'unplug')
      await this.workload.ask('lookUp', { path: join(stage.mountPoint, `/absent-${plan.index}`) }, 10_000);
    await this.wedge.confirm(this.wedged);
    this.naming.record();
  }

  /** Has the folios under way to the server, and waits until what it withholds covers them; or all is written back. */
  protected async stick(): Promise<void> {
    await this.workload.ask('start', {}, 10_000);
    if (this.context.withholds) await this.wedge.confirm(this.wedged);
    else await this.workload.ask('sync', {}, this.context.deadlineForBytes(this.context.plan.stuckBytes));
  }

  private async create(): Promise<void> {
    const { plan, stage, bothBytes } = this.context;
    const { stuck, control } = this.files;
    const inodes = await this.workload.ask<{ readonly stuckIno: number; readonly controlIno: number }>(
      'create',
      {
        kind: plan.design.workload,
        stuckPath: join(stage.mountPoint, stuck.path),
        stuckBytes: plan.stuckBytes,
        controlPath: join(stage.mountPoint, control.path),
        controlBytes: plan.controlBytes,
        seed: plan.seed + plan.index,
      },
      10_000,
    );
    stuck.ino = inodes.stuckIno;
    control.ino = inodes.controlIno;
    await this.workload.ask('prime', {}, this.context.deadlineForBytes(bothBytes));
  }

  /** The page cache, with both files in turns. */
  private async fill(): Promise<void> {
    const { plan, stage, reads, cpu, bothBytes } = this.context;
    const filling = reads ? 'reading' : 'dirtying';
    stage.progress.step(
      `${filling} ${mebibytes(plan.stuckBytes)}, and ${mebibytes(plan.controlBytes)} beside it`,
    );
    if (reads) stage.startTracing();
    const turn = turnOf(plan);
    await this.workload.ask('fill', { cpu, ...turn }, this.context.deadlineForBytes(bothBytes));
  }

  /** Where the folios are now. */
  async locateAgain(event: 'hold-ended' | 'set-found', suffix: string): Promise<void> {
    await this.frames.locateAgain(event, suffix);
  }

  /** After the release. */
  async verify(): Promise<void> {
    await this.aftermath.verify();
  }

  /** After the end of the connection. */
  async afterEnd(): Promise<void> {
    await this.aftermath.afterEnd();
  }
}

function turnOf({ trigger, design }: ArmContext['plan']): { readonly turn?: number } {
  // NFS makes folios as large as what is written at a time (nfs_write_begin() in fs/nfs/file.c).
  if (design.nfs === true) return { turn: PAGE_BYTES };
  return trigger.allocatesHugePages === true ? { turn: SCARCE_TURN_BYTES } : {};
}

function mebibytes(bytes: number): string {
  return `${bytes / (1 << 20)} MiB`;
}
