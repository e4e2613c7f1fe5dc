/**
 * In which page frames the folios of the two sets are: by the pagemap of who has them mapped, or, where to touch them
 * would hang or be SIGBUS, by the flags that their frames have still.  Owns the tables of pfns in the run directory; it
 * touches no mount.
 * Authority: pagemap_read() in fs/proc/task_mmu.c, stable_page_flags() in fs/proc/page.c.
 */
import { join } from 'node:path';
import { hugeAmong, LEAST_IN_PAGEBLOCK, pageblocksOf } from '../kernel/huge-pages.js';
import { hasKpf, readKpageflagsOf } from '../kernel/kpageflags.js';
import type { RunEventBody } from '../record/events.js';
import { type ArmContext, ArmError } from './arm-context.js';
import type { Child } from './child.js';
import type { SetFiles } from './set-files.js';

/** Names of tables: pfn by page index, -1 where it is not known. */
export interface PfnTables {
  readonly stuckPfns: string;
  readonly controlPfns: string;
}

/** A folio that waits for its data still: its READ is withheld. */
export function isLockedWithoutData(bits: bigint): boolean {
  return hasKpf(bits, 'LOCKED') && !hasKpf(bits, 'UPTODATE');
}

/** A page-cache folio whose READ came to nothing; not what the frame was given to since. */
export function isFolioWithoutData(bits: bigint): boolean {
  const isFolio = hasKpf(bits, 'LRU') && !hasKpf(bits, 'ANON') && !hasKpf(bits, 'BUDDY');
  return isFolio && !hasKpf(bits, 'UPTODATE');
}

export class SetFrames {
  constructor(
    protected readonly context: ArmContext,
    protected readonly workload: Child,
    protected readonly files: SetFiles,
  ) {}

  tables(suffix: string): PfnTables {
    const { index } = this.context.plan;
    return {
      stuckPfns: `pfns/${index}-stuck-${suffix}.u64`,
      controlPfns: `pfns/${index}-control-${suffix}.u64`,
    };
  }

  /** @throws {ArmError} where one is not known */
  read(table: string): Float64Array {
    const pfns = this.context.stage.run.readNumbers(table) ?? new Float64Array();
    const absent = pfns.filter((pfn) => pfn < 0).length;
    if (absent > 0) throw new ArmError(`${absent} of ${pfns.length} stuck folios have no known pfn`);
    return pfns;
  }

  write(table: string, pfns: Float64Array): void {
    const numbers = BigInt64Array.from(pfns, BigInt);
    this.context.stage.run.write(table, new Uint8Array(numbers.buffer));
  }

  /** @param touch maps the folios in first, which waits for their data */
  async locate(
    { stuckPfns, controlPfns }: Partial<PfnTables>,
    { touch }: { readonly touch: boolean },
  ): Promise<void> {
    const { path } = this.context.stage.run;
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

  /** Where the folios are now. While they are withheld nothing of theirs is touched. */
  async locateAgain(event: 'hold-ended' | 'set-found', suffix: string): Promise<void> {
    const { reads, withholds, plan } = this.context;
    const tables = this.tables(suffix);
    if (!reads) await this.locate(tables, { touch: false });
    else if (event === 'hold-ended' && withholds) await this.locateByFlags(tables, isLockedWithoutData);
    else await this.locate(tables, { touch: true });
    const mapped =
      !reads && plan.design.stuckBy === 'reference' ? await this.locateMapped(`${suffix}-mapped`) : {};
    this.context.record({ event, arm: plan.index, ...tables, ...mapped } satisfies RunEventBody);
  }

  /**
   * Of folios that a reference keeps and that are clean: reclaim unmaps them before it finds that it cannot free them
   * (shrink_folio_list() in mm/vmscan.c), and they are absent from the pagemap though they are where they were.
   */
  private async locateMapped(suffix: string): Promise<{ stuckPfnsMapped: string }> {
    const { stuckPfns } = this.tables(suffix);
    await this.locate({ stuckPfns }, { touch: true });
    return { stuckPfnsMapped: stuckPfns };
  }

  /** After the end of the connection, when to touch a folio without its data is SIGBUS. */
  async locateAfterEnd(): Promise<void> {
    const { reads, plan } = this.context;
    const tables = this.tables('after');
    if (reads) await this.locateByFlags(tables, isFolioWithoutData);
    else await this.locate(tables, { touch: false });
    this.context.record({
      event: 'set-found',
      arm: plan.index,
      ...tables,
      ...(reads ? { byFlags: true as const } : {}),
    });
  }

  /** Of the stuck set: what the server has not even been asked to take. */
  countDirty(): number {
    return readKpageflagsOf(this.named()).filter(
      (bits) => hasKpf(bits, 'DIRTY') && !hasKpf(bits, 'WRITEBACK'),
    ).length;
  }

  /** Of the pageblocks with folios of the stuck set: how many are wholly a huge page now. */
  recordPageblocks(): void {
    const blocks = pageblocksOf(this.named(), LEAST_IN_PAGEBLOCK);
    const { index } = this.context.plan;
    this.context.record({ event: 'pageblocks', arm: index, withStuck: blocks, given: hugeAmong(blocks) });
  }

  /** The stuck folios that the frames hold still; -1 for any other, wherever its folio is. */
  private async locateByFlags(
    { stuckPfns, controlPfns }: PfnTables,
    isStill: (bits: bigint) => boolean,
  ): Promise<void> {
    const pfns = this.named();
    const flags = readKpageflagsOf(pfns);
    this.write(
      stuckPfns,
      pfns.map((pfn, index) => (isStill(flags[index] ?? 0n) ? pfn : -1)),
    );
    await this.locate({ controlPfns }, { touch: false });
  }

  /** The frames of the stuck set as it was named. */
  private named(): Float64Array {
    return this.read(this.tables('before').stuckPfns);
  }
}
