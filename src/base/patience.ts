/**
 * How much longer than on a fast machine our own processes are waited for: STUCKFS_PATIENCE, a factor, 1 by default.
 * Under TCG, JavaScript is about ten times slower.  For deadlines whose passing only means that something of ours is
 * broken; never for what is measured or asked for (a hold, a delay, an interval).
 */
import { UsageError } from './errors.js';

export const PATIENCE_VARIABLE = 'STUCKFS_PATIENCE';
const most = 100;

/** @throws {UsageError} for what is no factor */
export function patienceOf(environment: NodeJS.ProcessEnv): number {
  const text = environment[PATIENCE_VARIABLE];
  if (text === undefined || text === '') return 1;
  const factor = /^\d{1,3}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (factor >= 1 && factor <= most) return factor;
  throw new UsageError(PATIENCE_VARIABLE, text, `give a number from 1 to ${most}, for example 8`);
}

/** A deadline of this process. */
export function patient(deadlineMs: number): number {
  return deadlineMs * patienceOf(process.env);
}
