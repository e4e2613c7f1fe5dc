/**
 * The two sets of an arm as the run found them: frames before, at the end of the hold and at the end, and the flags
 * of the stuck ones.  From the tables of the run directory; a table that is not whole is told.
 */
import { PAGE_BYTES } from '../base/page-size.js';
import { Kpf } from '../kernel/kpageflags.js';
import type { HeldRequestRecord, SetRecord } from '../record/events.js';
import type { RunDirectory } from '../record/run-directory.js';
import type { EventOf } from './arm-events.js';

type Named = EventOf<'set-named'>;
export type Located = EventOf<'hold-ended'> | EventOf<'set-found'> | undefined;

const nothing = new Float64Array();

export class FoundSet {
  readonly stuckPfns: Float64Array;
  readonly controlPfns: Float64Array;
  private readonly flags: Float64Array;

  constructor(
    private readonly run: RunDirectory,
    private readonly named: Named | undefined,
  ) {
    this.stuckPfns = this.table(named?.stuckPfns);
    this.controlPfns = this.table(named?.controlPfns);
    this.flags = this.table(named?.stuckFlags);
  }

  /** A table that is missing or cut short would be taken for folios that are not there. */
  incomplete(later: readonly Located[]): string | undefined {
    const { named, run } = this;
    if (named === undefined) return undefined;
    const tables: (readonly [name: string, pages: number])[] = [[named.stuckFlags, named.stuck.pages]];
    for (const event of [named, ...later]) {
      if (event === undefined) continue;
      tables.push([event.stuckPfns, named.stuck.pages], [event.controlPfns, named.control.pages]);
      const mapped = mappedOf(event);
      if (mapped !== undefined) tables.push([mapped, named.stuck.pages]);
    }
    for (const [name, pages] of tables) {
      const found = run.readNumbers(name)?.length;
      if (found === undefined) return `${name} is missing from the run directory`;
      if (found !== pages) return `${name} holds ${found} of ${pages} pages`;
    }
    return undefined;
  }

  get writeback(): number {
    return this.flags.filter((bits) => has(bits, Kpf.WRITEBACK)).length;
  }

  /** Locked, and without their data. */
  get locked(): number {
    return this.flags.filter((bits) => has(bits, Kpf.LOCKED) && !has(bits, Kpf.UPTODATE)).length;
  }

  stuckMoved(later: Located, counts: (pfn: number) => boolean = () => true): number {
    return countMoved(this.stuckPfns, this.table(later?.stuckPfns), counts);
  }

  /** Frames of the stuck set whose folio is gone from there: seen elsewhere, or by the flags not seen there any more. */
  left(found: EventOf<'set-found'>): number[] {
    const now = this.table(found.stuckPfns);
    const isGone = (then: number, there: number) => there !== then && (there >= 0 || found.byFlags === true);
    return [...this.stuckPfns].filter((then, index) => then >= 0 && isGone(then, now[index] ?? then));
  }

  controlMoved(later: Located, counts: (pfn: number) => boolean = () => true): number {
    return countMoved(this.controlPfns, this.table(later?.controlPfns), counts);
  }

  /** Not seen anywhere. */
  stuckGone(later: Located, counts: (pfn: number) => boolean): number {
    return countGone(this.stuckPfns, this.table(later?.stuckPfns), counts);
  }

  controlGone(later: Located, counts: (pfn: number) => boolean): number {
    return countGone(this.controlPfns, this.table(later?.controlPfns), counts);
  }

  /** Not seen anywhere, and in another frame once it was mapped in: it was freed, and read anew. */
  isReclaimed(later: Located): (index: number) => boolean {
    const now = this.table(later?.stuckPfns);
    const mapped = this.table(mappedOf(later));
    return (index) => {
      const then = this.stuckPfns[index] ?? -1;
      const there = mapped[index] ?? -1;
      return then >= 0 && (now[index] ?? -1) < 0 && there >= 0 && there !== then;
    };
  }

  /** Seen where they were, once they were mapped in where that could be done. */
  stuckStill(later: Located, counts: (pfn: number) => boolean = () => true): number {
    const now = this.table(mappedOf(later) ?? later?.stuckPfns);
    return this.stuckPfns.filter((pfn, index) => pfn >= 0 && now[index] === pfn && counts(pfn)).length;
  }

  /** Folios of the stuck set that a held request covers. */
  covered(held: readonly HeldRequestRecord[]): number {
    return this.named === undefined ? 0 : countCovered(held, this.named.stuck);
  }

  private table(artifact: string | undefined): Float64Array {
    return (artifact === undefined ? undefined : this.run.readNumbers(artifact)) ?? nothing;
  }
}

function mappedOf(event: Located | Named): string | undefined {
  return event === undefined || event.event === 'set-named' ? undefined : event.stuckPfnsMapped;
}

/** Bits up to 53 only are exact in a double, and those asked for here are all below. */
function has(bits: number, bit: number): boolean {
  return Math.floor(bits / 2 ** bit) % 2 === 1;
}

/** A page that is absent now is in the middle of a move, or reclaimed: it has not been seen elsewhere. */
function countMoved(before: Float64Array, after: Float64Array, counts: (pfn: number) => boolean): number {
  let moved = 0;
  for (let index = 0; index < Math.min(before.length, after.length); index++) {
    const now = after[index] ?? -1;
    const then = before[index] ?? -1;
    if (now >= 0 && now !== then && counts(then)) moved += 1;
  }
  return moved;
}

function countGone(before: Float64Array, after: Float64Array, counts: (pfn: number) => boolean): number {
  return before.filter((pfn, index) => counts(pfn) && (after[index] ?? -1) < 0).length;
}

function countCovered(held: readonly HeldRequestRecord[], stuck: SetRecord): number {
  const covered = new Uint8Array(stuck.pages);
  for (const request of held) {
    if (request.nodeid !== stuck.ino || request.offset === null || request.size === null) continue;
    covered.fill(
      1,
      Math.floor(request.offset / PAGE_BYTES),
      Math.ceil((request.offset + request.size) / PAGE_BYTES),
    );
  }
  return covered.reduce((count, one) => count + one, 0);
}
