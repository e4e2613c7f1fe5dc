/** The run directory that a guest has sent: whatever is wrong with it is that guest's failure, and ends nothing else. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { StuckfsError } from '../base/errors.js';
import { RunDirectory } from '../record/run-directory.js';

/** Of a run that came to no record. */
export class GuestRunError extends StuckfsError {
  override readonly code = 'GUEST_RUN';
  override readonly exitStatus = 3;
}

/** Undefined where it holds no record. */
export function openGuestRun(out: string): RunDirectory | undefined {
  const isRecord = statSync(join(out, 'events.jsonl'), { throwIfNoEntry: false })?.isFile() === true;
  return isRecord ? RunDirectory.open(out) : undefined;
}

/**
 * Reads and writes in it.
 * @throws {GuestRunError} where it has a directory in the place of a file, or the other way round
 */
export async function inGuestRun<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EISDIR' && code !== 'ENOTDIR') throw error;
    throw new GuestRunError(`what the guest sent is no run directory: ${message}`, { cause: error });
  }
}
