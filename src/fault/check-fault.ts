/**
 * Turns unchecked input into a fault, or into one line that says what to mend: the JSON path of the field, its
 * value, and what would be right.
 */
import { usageErrorOf } from '../base/complaint.js';
import { type Fault, FaultSpec } from './fault.js';

/** The normal form of `input`; throws UsageError on the first thing that is wrong with it. */
export function checkFault(input: unknown): Fault {
  const result = FaultSpec.safeParse(input);
  if (result.success) return result.data;
  throw usageErrorOf(result.error, input, 'fault');
}
