/**
 * Names the sets: which inode, which page indexes and which page frames they are, with the flags of the stuck ones as
 * evidence that they are stuck.  It comes from pagemap, and from the trace where nobody can map the folios.
 */
import { hasKpf, readKpageflagsOf } from '../kernel/kpageflags.js';
import { pageCacheAdditions } from '../record/page-cache-additions.js';
import type { ArmContext } from './arm-context.js';
import { pagesIn, type SetFiles, setRecordOf } from './set-files.js';
import type { PfnTables, SetFrames } from './set-frames.js';

/** From the ack of a WRITE to the end of its folios' writeback. */
const ACKED_MS = 10_000;

export class SetNaming {
  constructor(
    private readonly context: ArmContext,
    private readonly files: SetFiles,
    private readonly frames: SetFrames,
  ) {}

  /** Once they are stuck. */
  async name(): Promise<void> {
    const { serverPages, stuckBy } = this.context.plan.design;
    const tables = this.frames.tables('before');
    if (serverPages !== undefined) return this.nameBoth(tables);
    if (this.context.reads) {
      this.context.stage.stopTracing();
      this.frames.write(tables.stuckPfns, await this.addedToPageCache());
      await this.frames.locate({ controlPfns: tables.controlPfns }, { touch: true });
    } else await this.frames.locate(tables, { touch: true });
    if (stuckBy === 'reference') await this.untilAcked(tables.stuckPfns);
    this.record();
  }

  /** With the flags that they have now. */
  record(stuckAdded?: string): void {
    const { plan, stage } = this.context;
    const tables = this.frames.tables('before');
    const stuckFlags = `pfns/${plan.index}-stuck-flags.u64`;
    const flags = readKpageflagsOf(this.frames.read(tables.stuckPfns));
    stage.run.write(stuckFlags, new Uint8Array(flags.buffer, flags.byteOffset, flags.byteLength));
    this.context.record({
      event: 'set-named',
      arm: plan.index,
      stuck: setRecordOf(this.files.stuck),
      control: setRecordOf(this.files.control),
      ...tables,
      stuckFlags,
      ...(stuckAdded === undefined ? {} : { stuckAdded }),
    });
  }

  /** With the frames that the folios had at first, and those that they have now that the server has answered. */
  private async nameBoth(tables: PfnTables): Promise<void> {
    const { plan, stage } = this.context;
    // Waits for the data, and so for the pages that come with it.
    await this.frames.locate(tables, { touch: true });
    stage.stopTracing();
    const stuckAdded = `pfns/${plan.index}-stuck-added.u64`;
    this.frames.write(stuckAdded, await this.addedToPageCache());
    const pfns = this.frames.read(tables.stuckPfns);
    const first = pfns.reduce((least, pfn) => Math.min(least, pfn));
    const last = pfns.reduce((most, pfn) => Math.max(most, pfn));
    stage.recordFrees([first, last]);
    this.record(stuckAdded);
  }

  /** Folios that wait for their data cannot be mapped: the trace has their frames. */
  private async addedToPageCache(): Promise<Float64Array> {
    return pageCacheAdditions(await this.context.readTrace(), {
      device: this.context.stage.device,
      ino: this.files.stuck.ino,
      pages: pagesIn(this.context.plan.stuckBytes),
    });
  }

  /** The server has answered, and the kernel may be about to end the writeback. */
  private async untilAcked(stuckPfns: string): Promise<void> {
    const pfns = this.frames.read(stuckPfns);
    await this.context.deadlines.until(
      'writeback of the answered WRITEs to end',
      ACKED_MS,
      async () => !readKpageflagsOf(pfns).some((bits) => hasKpf(bits, 'WRITEBACK')),
    );
  }
}
