/**
 * What a mitigation did: how soon the folios that had been stuck moved, what was lost, who was told.  Gathers, and says
 * whether it freed them; what is not shown is null.
 */
import { PAGE_BYTES } from '../base/page-size.js';
import type { HeldRequestRecord } from '../record/events.js';
import type { ArmEvents, EventOf } from './arm-events.js';
import { firstMoved } from './first-moved.js';
import type { FoundSet } from './found-set.js';
import { throttledIn } from './untrusted.js';

export interface Told {
  readonly file: 'stuck' | 'control';
  readonly call: 'fsync' | 'close';
  /** null for success. */
  readonly errno: string | null;
}

export interface MitigationEvidence {
  /** From the trigger's start to the act; null where it acts before. */
  readonly appliedAfterMs: number | null;
  /** From the act to the end of the first migration that is shown to have moved one of the set; null where none is. */
  readonly toFirstMigrationMs: number | null;
  /** Folios of the set that are elsewhere at the end. */
  readonly freedFolios: number;
  /** How that is known; folios without data cannot be mapped, and only their old frames be looked at. */
  readonly confirmedBy: 'pagemap' | 'kpageflags';
  /** Whether it freed the set; null where that is not shown. */
  readonly frees: boolean | null;
  /** null where the record does not have the act. */
  readonly endsConnection: boolean | null;
  /** Written, and not acknowledged to the kernel: under way, or dirty; null where the record does not tell. */
  readonly lostBytes: number | null;
  /** Of what was written to the stuck file, what the page cache still has; null where the server has it. */
  readonly keptBytes: number | null;
  readonly told: readonly Told[];
  /** Where it lets the bdi keep its limits. */
  readonly limits: {
    readonly maxRatio: number | null;
    readonly strictLimit: number | null;
    readonly wantedBytes: number;
    readonly writtenBytes: number;
    /** The writer was seen to sleep in balance_dirty_pages(). */
    readonly stoppedWriter: boolean;
  } | null;
}

interface Scene {
  readonly start: EventOf<'arm-started'>;
  readonly events: ArmEvents;
  readonly trace: string | undefined;
  /** Of the trigger's task, as the trace knows it. */
  readonly pid: number | undefined;
  readonly set: FoundSet;
  readonly held: readonly HeldRequestRecord[];
  /** Of the set, by a trigger that was pulled once more after the act. */
  readonly reachedAgain: number;
}

/** What limits the harm from the start, and has no act that could be missing. */
const neverActs: ReadonlySet<string> = new Set(['bdi-limit']);

/** Of a set that was reached again after the act, so many show that none of it can move. */
const REACHED_SHARE = 0.5;

/** @returns undefined for an arm without a mitigation, null where the run ended before it was seen through */
export function mitigationEvidence(scene: Scene): MitigationEvidence | null | undefined {
  const { start, events, trace, pid, set, held, reachedAgain } = scene;
  if (start.mitigation === 'none') return undefined;
  const act = events.first('mitigated');
  const released = events.first('released');
  const found = events.first('set-found');
  const told = toldOf(events);
  if (released === undefined || found === undefined || told === undefined) return null;
  const began = events.first('trigger-ended')?.startedNs;
  const endsConnection = act?.endsConnection ?? (neverActs.has(start.mitigation) ? false : null);
  const left = set.left(found);
  const first =
    act === undefined || trace === undefined || pid === undefined
      ? undefined
      : firstMoved(trace, pid, released.askedNs / 1000, left);
  const underWay = () =>
    set.covered(held.filter(({ opcode }) => opcode === 'FUSE_WRITE' && start.stuckBy === 'writeback'));
  const isTold = act !== undefined && events.first('held') !== undefined;
  const lostPages = endsConnection === false ? 0 : isTold ? underWay() + act.dirtyPages : null;
  const kept = events.first('aftermath')?.keptPages[0];
  return {
    appliedAfterMs: act === undefined || began === undefined ? null : (released.askedNs - began) / 1e6,
    toFirstMigrationMs: first === undefined ? null : (first - released.askedNs / 1000) / 1000,
    freedFolios: left.length,
    confirmedBy: found.byFlags === true ? 'kpageflags' : 'pagemap',
    frees:
      first !== undefined
        ? true
        : left.length === 0 && reachedAgain >= set.stuckPfns.length * REACHED_SHARE
          ? false
          : null,
    endsConnection,
    lostBytes: lostPages === null ? null : lostPages * PAGE_BYTES,
    keptBytes: kept === undefined ? null : kept * PAGE_BYTES,
    told,
    limits: limitsOf(events),
  };
}

function limitsOf(events: ArmEvents): MitigationEvidence['limits'] {
  const limited = events.all('untrusted').find(({ when }) => when === 'set-named');
  if (limited === undefined) return null;
  const { maxRatio, strictLimit, wantedBytes, writtenBytes, writerStack } = limited;
  const stoppedWriter = writerStack?.includes(throttledIn) === true;
  return { maxRatio, strictLimit, wantedBytes, writtenBytes, stoppedWriter };
}

/** What the writer heard; undefined where it was not asked. */
function toldOf(events: ArmEvents): Told[] | undefined {
  const fsync = (events.first('aftermath') ?? events.first('verified'))?.fsync;
  const close = events.first('closed')?.close;
  if (fsync === undefined || close === undefined) return undefined;
  return (['stuck', 'control'] as const).flatMap((file, index): Told[] => [
    { file, call: 'fsync', errno: fsync[index] ?? null },
    { file, call: 'close', errno: close[index] ?? null },
  ]);
}
