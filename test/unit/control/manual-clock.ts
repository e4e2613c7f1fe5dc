/** A clock that stands still but for sleeping, and tells who stands for the daemon when time passes. */
export function manualClock(onSleep: (nowMs: number) => void) {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
      onSleep(nowMs);
    },
  };
}
