/**
 * Tries for huge pages.  Compaction that has failed is deferred for up to 64 tries (compaction_deferred()); and
 * pageblocks in which it found nothing are passed by until kswapd has slept, for which it gets a pause.  Each time that
 * kswapd wakes it reclaims some page cache, so the tries come in bursts.
 * Authority: compaction_deferred() in mm/compaction.c, kswapd_try_to_sleep() in mm/vmscan.c.
 */
const BURSTS = 6;
/** And a burst is over after so long, where tries go over all memory: they find no more in it before the pause. */
const BURST_MS = 1500;
/** So many of them without a gain one after the other say that there is none to be had, where tries take long. */
const VAIN_BURSTS = 3;
/** Tries that were not deferred, but went over all memory. */
const VAIN_MS = 4000;
/** It naps for a tenth of a second first. */
const PAUSE_MS = 120;

/**
 * @param failuresInBurst after so many tries in vain there is a pause
 * @param attempt whether the try was not in vain
 */
export function tryInBursts(
  failuresInBurst: number,
  isDone: () => boolean,
  attempt: () => boolean,
  { pause, now }: { pause: () => void; now: () => number } = {
    pause: waitForKswapd,
    now: () => performance.now(),
  },
): void {
  let inVain = 0;
  let gainedMs = now();
  const isHopeless = () => inVain >= VAIN_BURSTS && now() - gainedMs >= VAIN_MS;
  for (let burst = 0; burst < BURSTS && !isHopeless() && !isDone(); burst++) {
    if (burst > 0) pause();
    inVain += 1;
    let sinceMs = now();
    for (let failed = 0; failed < failuresInBurst && now() - sinceMs < BURST_MS && !isDone(); ) {
      if (!attempt()) failed += 1;
      else {
        inVain = 0;
        gainedMs = now();
        sinceMs = gainedMs;
      }
    }
  }
}

function waitForKswapd(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
