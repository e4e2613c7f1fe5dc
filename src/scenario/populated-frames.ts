/**
 * The frames of an unprivileged user's folios: the workload may not read its own pagemap (pagemap_read() hides the
 * frames without CAP_SYS_ADMIN), so it populates a mapping, and the runner reads them there, which touches no mount.
 */
import { readPagemap } from '../kernel/pagemap.js';
import { pagesIn } from './set-files.js';
import { type PfnTables, SetFrames } from './set-frames.js';

export class PopulatedFrames extends SetFrames {
  private addresses: readonly number[] = [];

  override async locate(
    { stuckPfns, controlPfns }: Partial<PfnTables>,
    { touch }: { readonly touch: boolean },
  ): Promise<void> {
    const stuckBytes = this.files.stuck.bytes;
    const controlBytes = this.files.control.bytes;
    if (touch) {
      const deadlineMs = this.context.deadlineForBytes(stuckBytes + controlBytes);
      this.addresses = await this.workload.ask<number[]>('populate', { stuckBytes }, deadlineMs);
    }
    const [stuckAt = 0, controlAt = 0] = this.addresses;
    for (const [table, address, bytes] of [
      [stuckPfns, stuckAt, stuckBytes],
      [controlPfns, controlAt, controlBytes],
    ] as const) {
      if (table === undefined) continue;
      this.write(table, readPagemap(this.workload.pid, address, pagesIn(bytes)).pfns);
    }
  }
}
