/**
 * The options that narrow down which requests a fault takes. Loads nothing, as every command's help needs it.
 */
import type { Argv } from 'yargs';

export const conditions = ['path', 'nodeid', 'range', 'nth', 'every', 'probability'] as const;
export type ConditionOptions = { readonly [name in (typeof conditions)[number]]?: string | undefined };

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
