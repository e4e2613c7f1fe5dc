/**
 * What comes of the files once it is over: what the user is told by fsync(2) and close(2), and whether every byte is
 * there; or, where the connection has ended, what the page cache has still.
 */
import { readVmstat } from '../kernel/vmstat.js';
import { type ArmContext, ArmError } from './arm-context.js';
import type { Child } from './child.js';
import type { Wedge } from './wedge.js';

/** Of anybody's writing, as long as ours is done. */
const WRITEBACK_PAGES = 64;
const WRITEBACK_MS = 3000;

export class Aftermath {
  constructor(
    private readonly context: ArmContext,
    private readonly workload: Child,
    private readonly wedge: Wedge,
  ) {}

  /** After the release: what the user is told, and whether every byte is there. */
  async verify(): Promise<void> {
    if (this.context.plan.design.misbehaviour.kind === 'unplug') await this.lookedUp();
    const verified = await this.workload.ask<{
      fsync: (string | null)[];
      cached: number[];
      served: number[];
    }>('verify', {}, this.deadlineMs);
    this.context.record({ event: 'verified', arm: this.context.plan.index, ...verified });
    await this.wedge.confirmDrained();
    await this.settle();
    const wrong = (await this.close()).find((said) => said !== null);
    if (wrong !== undefined) throw new ArmError(`close(2) said ${wrong}`);
  }

  /** After the end of the connection: what the user is told, and what the page cache has still. */
  async afterEnd(): Promise<void> {
    const found = await this.workload.ask<{ fsync: (string | null)[]; keptPages: number[] }>(
      'aftermath',
      {},
      this.deadlineMs,
    );
    this.context.record({ event: 'aftermath', arm: this.context.plan.index, ...found });
    await this.settle();
    await this.close();
  }

  /** Both files, as many times as they may be gone over. */
  private get deadlineMs(): number {
    return this.context.deadlineForBytes(3 * this.context.bothBytes);
  }

  /** The other request that hung has its answer, too: there is no such file. */
  private async lookedUp(): Promise<void> {
    const said = await this.workload.ask<string | null>('lookedUp', {}, 10_000);
    if (said !== 'ENOENT')
      throw new ArmError(`the look-up that hung ended with ${said ?? 'success'}, not ENOENT`);
  }

  /** Once nothing is written any more. */
  async settle(): Promise<void> {
    await this.waitForWriteback();
    this.context.recordVmstat('verified');
  }

  /** nr_writeback comes back a moment after the last ack; where it does not, the record says so. */
  private async waitForWriteback(): Promise<void> {
    const untilMs = performance.now() + WRITEBACK_MS;
    while ((readVmstat().get('nr_writeback') ?? 0) > WRITEBACK_PAGES && performance.now() < untilMs) {
      await this.context.deadlines.sleep(20);
    }
  }

  private async close(): Promise<(string | null)[]> {
    const close = await this.workload.ask<(string | null)[]>('close', {}, 10_000);
    this.context.record({ event: 'closed', arm: this.context.plan.index, close });
    return close;
  }
}
