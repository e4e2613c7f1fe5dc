/** Whether `--out` can be made, found out by making it: that it cannot must not come out after a download and a boot. */
import { rmdirSync } from 'node:fs';
import { UsageError } from '../base/errors.js';
import { makeWithParents } from '../base/make-with-parents.js';

/**
 * Leaves nothing: a run that is killed before it has anything to keep must not be in the way of the next.
 * @throws {UsageError}
 */
export function tryOut(out: string): void {
  let made: readonly string[];
  try {
    made = make(out);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'EEXIST' ? 'exists already: name a directory that does not' : `cannot be made: ${message}`;
    throw new UsageError('--out', out, why, { cause: error });
  }
  for (const directory of made.toReversed()) removeIfEmpty(directory);
}

/** Another run may have tried its own below the same parent, and have removed it just then. */
function make(out: string): readonly string[] {
  try {
    return makeWithParents(out);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return makeWithParents(out);
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Another run has made its own in it.
  }
}
