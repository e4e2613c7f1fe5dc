/**
 * Tries for huge pages.  Compaction that has failed is deferred for up to 64 tries (compaction_deferred()); and
 * pageblocks in which it found nothing are passed by until kswapd has slept, for which it gets a pause.  Each time that
 * kswapd wakes it reclaims some page cache, so the tries come in bursts.
 * Authority: compaction_deferred() in mm/compaction.c, kswapd_try_to_sleep() in mm/vmscan.c.
 */
const BURSTS = 6;
const PAUSE_MS = 60;

/**
 * @param failuresInBurst after so many tries in vain there is a pause
 * @param attempt whether the try was not in vain
 */
export function tryInBursts(
  failuresInBurst: number,
  isDone: () => boolean,
  attempt: () => boolean,
  pause: () => void = waitForKswapd,
): void {
  for (let burst = 0; burst < BURSTS && !isDone(); burst++) {
    if (burst > 0) pause();
    for (let failed = 0; failed < failuresInBurst && !isDone(); ) if (!attempt()) failed += 1;
  }
}

function waitForKswapd(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
