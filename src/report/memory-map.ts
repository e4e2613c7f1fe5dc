/**
 * Where in physical memory the two sets of an arm lie, by pageblock: what stayed, what left, what arrived.  From the
 * tables of frames in the run directory; at the end of the hold, or at the end of the arm where nothing was held.
 */
import type { RunDirectory } from '../record/run-directory.js';
import type { ArmTimeline } from './arm-timeline.js';

/** Frames of a pageblock where huge pages are 2 MiB: x86-64, and arm64 with pages of 4 KiB. */
export const PAGEBLOCK_FRAMES = 512;

/**
 * Of a pageblock, the first of these that is true: it holds a folio that is stuck; one of the sets that is in its place
 * but not stuck; folios have left it and none stayed; folios arrived in it.
 */
export const blockStates = ['stuck', 'still', 'moved', 'landed'] as const;
export type BlockState = (typeof blockStates)[number];

export interface MemoryMap {
  /** The state of those pageblocks that the sets have touched, by pageblock number. */
  readonly blocks: ReadonlyMap<number, BlockState>;
  /** Folios of the sets, by what became of them; `unseen` had no frame when they were looked for. */
  readonly folios: Readonly<Record<'stuck' | 'still' | 'moved' | 'unseen', number>>;
  readonly zone: { readonly name: string; readonly pageblocks: number } | undefined;
}

/** undefined where the run did not come so far, or the tables are not there. */
export function memoryMap(run: RunDirectory, { start, events }: ArmTimeline): MemoryMap | undefined {
  const named = events.first('set-named');
  const later = events.first('hold-ended') ?? events.first('set-found');
  if (named === undefined || later === undefined) return undefined;
  const blocks = new Map<number, BlockState>();
  const folios = { stuck: 0, still: 0, moved: 0, unseen: 0 };
  const sets = [
    [named.stuckPfns, later.stuckPfns, start.stuckBy === null ? 'still' : 'stuck'],
    [named.controlPfns, later.controlPfns, 'still'],
  ] as const;
  for (const [before, after, inPlace] of sets) {
    const [from, to] = [run.readNumbers(before), run.readNumbers(after)];
    if (from === undefined || to === undefined) continue;
    for (const [index, pfn] of from.entries()) {
      const now = to[index] ?? -1;
      if (pfn < 0 || now < 0) folios.unseen += 1;
      else if (now === pfn) {
        folios[inPlace] += 1;
        mark(blocks, pfn, inPlace);
      } else {
        folios.moved += 1;
        mark(blocks, pfn, 'moved');
        mark(blocks, now, 'landed');
      }
    }
  }
  if (blocks.size === 0) return undefined;
  const zone = events.first('placed')?.zone;
  return {
    blocks,
    folios,
    zone:
      zone === undefined
        ? undefined
        : {
            name: zone.name,
            pageblocks: blockOf(Math.max(zone.start, zone.end - 1)) - blockOf(zone.start) + 1,
          },
  };
}

function mark(blocks: Map<number, BlockState>, pfn: number, state: BlockState): void {
  const block = blockOf(pfn);
  const now = blocks.get(block);
  if (now === undefined || blockStates.indexOf(state) < blockStates.indexOf(now)) blocks.set(block, state);
}

function blockOf(pfn: number): number {
  return Math.floor(pfn / PAGEBLOCK_FRAMES);
}
