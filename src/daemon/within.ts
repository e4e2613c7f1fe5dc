/** Waiting with a limit, for the end of a daemon: nothing else may keep its process alive by then. */
import { setTimeout as delay } from 'node:timers/promises';

/** What the promise resolves to, or undefined after `ms`. The process lives on at least until then. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, delay(ms, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
