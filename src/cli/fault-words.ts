/**
 * A fault from a command line.  What `stuckfs fault list` prints is taken as it is; options are another way to
 * write the same conditions (`--path GLOB` for `path=GLOB`).
 */
import type { Argv } from 'yargs';
import { UsageError } from '../base/errors.js';
import type { FaultInput } from '../control/contract/faults.js';
import { parseFaultWords } from '../fault/describe.js';
import { underOptionNames } from './option-values.js';

const conditions = ['path', 'nodeid', 'range', 'nth', 'every', 'probability'] as const;
type ConditionOptions = { readonly [name in (typeof conditions)[number]]?: string | undefined };

/** The options that narrow down which requests a fault takes. */
export function withConditions<Options>(yargs: Argv<Options>) {
  const text = { type: 'string', requiresArg: true } as const;
  return yargs
    .option('path', { ...text, describe: 'only files with such a path inside the mount, a glob: "/dir/**"' })
    .option('nodeid', { ...text, describe: 'only this inode' })
    .option('range', { ...text, describe: 'only these bytes of the file: 0-1M, or 4K- for the rest' })
    .option('nth', { ...text, describe: 'only the nth such request, counted from 1' })
    .option('every', { ...text, describe: 'only every nth such request' })
    .option('probability', { ...text, describe: 'only this share of them, drawn: 0.01' });
}

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
