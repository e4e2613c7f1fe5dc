/** What a watchdog or a guard writes, a line of JSON each: to its starter, and into its log. */
import { writeSync } from 'node:fs';

/** The reader may be gone (EPIPE) or stopped (EAGAIN), the disk full: none may keep the writer from its work. */
export function putLine(fd: number, value: unknown): void {
  try {
    writeSync(fd, `${JSON.stringify(value)}\n`);
  } catch {
    // Nobody is left to tell.
  }
}

/** Into its log, which is its standard error. */
export function log(entry: Readonly<Record<string, unknown>>): void {
  putLine(2, { time: new Date().toISOString(), ...entry });
}
