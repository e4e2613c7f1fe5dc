/**
 * Folios as kpageflags shows them: a run of frames with a COMPOUND_HEAD and the COMPOUND_TAILs after it, or a frame of
 * its own.  Pure: pfns and flags by page index in, folios out.
 */
import { Kpf, type KpfName } from '../kernel/kpageflags.js';

export interface SeenFolio {
  /** Of its first page in the table. */
  readonly index: number;
  readonly pages: number;
  /** Of its head. */
  readonly flags: number;
}

/** Flags are doubles: exact up to bit 52, and every name here is below. */
export function hasFlag(flags: number, name: KpfName): boolean {
  return Math.floor(flags / 2 ** Kpf[name]) % 2 === 1;
}

/** Pages that are not there are in no folio. */
export function foliosOf(pfns: Float64Array, flags: Float64Array): SeenFolio[] {
  const folios: SeenFolio[] = [];
  for (let index = 0; index < pfns.length; ) {
    const first = pfns[index] ?? -1;
    const bits = flags[index] ?? 0;
    if (first < 0) {
      index += 1;
      continue;
    }
    let pages = 1;
    if (hasFlag(bits, 'COMPOUND_HEAD')) {
      const isTail = (at: number) =>
        pfns[at] === first + (at - index) && hasFlag(flags[at] ?? 0, 'COMPOUND_TAIL');
      while (isTail(index + pages)) pages += 1;
    }
    folios.push({ index, pages, flags: bits });
    index += pages;
  }
  return folios;
}

/** How many folios there are of each order, by the order in decimal. */
export function countOrders(folios: readonly SeenFolio[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { pages } of folios) {
    const order = `${Math.log2(pages)}`;
    counts[order] = (counts[order] ?? 0) + 1;
  }
  return counts;
}
