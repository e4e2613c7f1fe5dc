/**
 * What a trigger that allocates was given, and out of which pageblocks: joined from the events of an arm and the
 * tables of its sets.  Judges nothing.
 */
import { PAGEBLOCK_PAGES } from '../kernel/huge-pages.js';
import type { ArmEvents } from './arm-events.js';
import type { CostEvidence } from './evidence.js';
import type { FoundSet, Located } from './found-set.js';

/** undefined where the arm's trigger allocates nothing; a text says which part of the record is missing. */
export function costEvidence(
  events: ArmEvents,
  set: FoundSet,
  found: Located,
): CostEvidence | string | undefined {
  const taken = events.all('huge-pages-taken');
  const [first] = taken;
  const pageblocks = events.first('pageblocks');
  const allocates = events.first('arm-started')?.allocatesHugePages === true || pageblocks !== undefined;
  if (first === undefined)
    return allocates ? 'the trigger asks for huge pages, but there is no event huge-pages-taken' : undefined;
  if (pageblocks === undefined) return 'the trigger asks for huge pages, but there is no event pageblocks';
  const { wanted, obtained } = events.first('trigger-ended') ?? {};
  if (wanted === undefined || obtained === undefined)
    return 'how many huge pages it obtained is not recorded';
  const freed = new Set(pageblocks.given);
  const isInFreed = (pfn: number) => freed.has(Math.floor(pfn / PAGEBLOCK_PAGES));
  const counter = (when: string, name: string) =>
    events.all('vmstat').find((sample) => sample.when === when)?.counters[name];
  const rise = (name: string) => {
    const [before, after] = [counter('trigger-started', name), counter('trigger-ended', name)];
    return before === undefined || after === undefined ? null : after - before;
  };
  return {
    wanted,
    obtained,
    takenBefore: taken.reduce((sum, { hugePages }) => sum + hugePages, 0),
    exhausted: first.exhausted,
    pageblocks: pageblocks.withStuck.length,
    pageblocksFreed: pageblocks.given.length,
    stuckInFreed: set.stuckPfns.filter(isInFreed).length,
    stuckInFreedMoved: set.stuckMoved(found, isInFreed),
    stuckInFreedGone: set.stuckGone(found, isInFreed),
    compactStall: rise('compact_stall'),
    compactFail: rise('compact_fail'),
    compactSuccess: rise('compact_success'),
  };
}
