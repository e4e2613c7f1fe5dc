/**
 * A fault from a command line.  What `stuckfs fault list` prints is taken as it is; options are another way to
 * write the same conditions (`--path GLOB` for `path=GLOB`).
 */
import { UsageError } from '../base/errors.js';
import type { FaultInput } from '../control/contract/faults.js';
import { parseFaultWords } from '../fault/describe.js';
import { type ConditionOptions, conditions } from './condition-options.js';
import { underOptionNames } from './option-values.js';

/** @param words the action and its arguments, then opcodes (each word a list), then `name=value` */
export function faultOf(
  words: readonly string[],
  options: ConditionOptions,
  distribution?: string,
): FaultInput {
  const [action, ...rest] = words;
  const given = conditions.flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`${name}=${value}`];
  });
  if (distribution !== undefined && action?.toLowerCase() !== 'delay') {
    throw new UsageError('--distribution', distribution, 'goes with the action delay only');
  }
  const parameters = distribution === undefined ? [] : [distribution];
  const all = [...(action === undefined ? [] : [action]), ...parameters, ...rest, ...given];
  return underOptionNames(() => parseFaultWords(all));
}
