/**
 * Judges a trigger that goes over the same folios again and again until something lets go of them, as offline_pages()
 * (mm/memory_hotplug.c) does with a reference: no try succeeds, and none waits.  Pure.
 */
import type { ArmEvidence } from './evidence.js';
import { inconclusive, type Judgement, unknown } from './judgement.js';

/**
 * Of the folios that were asked for, how many must have failed at least once, how many must have been seen where they
 * were just before the release, and how many must move in the end.
 */
const SHARE = 0.5;

export function judgeLooped(evidence: ArmEvidence): Judgement {
  const { stuckReachedStill: seen, stuckReached, stuckMoved, stuckReachedMovedAtEnd } = evidence;
  const { migrateFailedNearSet, triggerResult } = evidence;
  if (triggerResult !== 0)
    return unknown(`the trigger went on until the release, and then failed: errno ${-(triggerResult ?? 0)}`);
  if (stuckMoved > 0) return unknown(`${stuckMoved} folios moved before the release`);
  const tried = `it went on until the release: ${migrateFailedNearSet} tries of folios that were asked for had failed`;
  if (migrateFailedNearSet === 0 || migrateFailedNearSet < stuckReached * SHARE)
    return unknown(`${tried}; too few for the ${stuckReached} that were asked for`);
  // One that is absent then, as it is unmapped in the middle of a try, may have moved as well.
  if (seen < stuckReached * SHARE)
    return inconclusive(
      `${tried}; only ${seen} of ${stuckReached} were seen where they had been just before it`,
    );
  if (stuckReachedMovedAtEnd < stuckReached * SHARE)
    return unknown(`${tried}; only ${stuckReachedMovedAtEnd} of ${stuckReached} moved after it`);
  const { logged } = evidence;
  const log = logged === undefined ? '' : `; kernel log: ${logged.text}`;
  return {
    outcome: 'failed',
    reason: `${tried}, and ${seen} were where they had been; ${stuckReachedMovedAtEnd} of ${stuckReached} moved after it${log}`,
  };
}
