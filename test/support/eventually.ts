/** Waits for a condition in a test, with a deadline and the last answer in the error. */
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with the first answer that is neither undefined nor false. */
export async function eventually<T>(
  what: string,
  deadlineMs: number,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  everyMs = 50,
): Promise<T> {
  const untilMs = performance.now() + deadlineMs;
  for (;;) {
    const answer = await look();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > untilMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await delay(everyMs);
  }
}
